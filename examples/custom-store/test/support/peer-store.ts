import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenStore } from '@auth/core';
import { sqliteStore } from '../../src/sqlite-store.ts';

export const leaseMs = 1_500;

/** What each process of the suite opens: the file of the place's name. */
export function createStore(place: string): TokenStore {
  return sqliteStore(join(tmpdir(), `custom-store-${place}.db`), leaseMs);
}
