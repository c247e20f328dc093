import type { TokenRecord } from '../../src/index.js';

export function recordWith(id: string, evictAt?: number): TokenRecord {
  return { id, value: `value of ${id}`, ...(evictAt === undefined ? {} : { evictAt }) };
}
