import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tokenStoreSuite } from '@auth/testing/conformance';
import { processPeers } from '@auth/testing/processes';
import { afterAll, expect, test } from 'vitest';
import { sqliteStore } from '../src/sqlite-store.js';
import { leaseMs } from './support/peer-store.js';

const folder = mkdtempSync(join(tmpdir(), 'custom-store-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
  for (const file of globSync(join(tmpdir(), 'custom-store-place-*'))) rmSync(file);
});

let count = 0;
const newFile = (): string => join(folder, `${count++}.db`);

tokenStoreSuite(test, () => sqliteStore(newFile(), leaseMs), {
  leaseMs,
  openPeer: processPeers(new URL('support/peer-store.ts', import.meta.url)),
});

test('two store objects on one file see each other’s records', async () => {
  const path = newFile();
  using first = sqliteStore(path);
  using second = sqliteStore(path);
  expect(await first.compareAndSet('key', undefined, { id: 'a', value: 'tokens' })).toBe(true);
  expect(await second.get('key')).toEqual({ id: 'a', value: 'tokens' });
  expect(await second.compareAndSet('key', undefined, { id: 'b', value: 'others' })).toBe(false);
});
