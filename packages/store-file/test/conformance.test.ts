import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tokenStoreSuite } from '@auth/testing/conformance';
import { processPeers } from '@auth/testing/processes';
import { afterAll, describe, test } from 'vitest';
import { fileStore } from '../src/index.js';
import { leaseMs } from './support/peer-store.js';

const root = mkdtempSync(join(tmpdir(), 'store-file-'));
afterAll(() => {
  for (const path of [root, join(tmpdir(), 'store-file-suite')])
    rmSync(path, { recursive: true, force: true });
});
let count = 0;

// Each test has a directory of its own, and most of them wait.
describe.concurrent('fileStore in a directory', () =>
  tokenStoreSuite(test, () => fileStore({ directory: join(root, String(count++)), leaseMs }), {
    leaseMs,
    openPeer: processPeers(new URL('support/peer-store.ts', import.meta.url)),
  }));
