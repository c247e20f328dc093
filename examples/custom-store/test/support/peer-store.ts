import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenStore } from '@auth/core';
import { sqliteStore } from '../../src/sqlite-store.ts';

export const leaseMs = 2_500;

/** Opens the file named after the place, in each process of the suite. */
export function createStore(place: string): TokenStore {
  return sqliteStore(join(tmpdir(), `custom-store-${place}.db`), leaseMs);
}
