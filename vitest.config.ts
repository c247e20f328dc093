import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { faultLines } from './scripts/fault-lines.ts';

const packages = fileURLToPath(new URL('packages/', import.meta.url));
const internal = fileURLToPath(new URL('internal/', import.meta.url));
const faults = readFileSync(new URL('docs/faults.md', import.meta.url), 'utf8');

/** Processes and servers on a busy machine may take this long; nothing waits that long by itself. */
const patienceMs = 60_000;

/**
 * The one configuration of all tests: each package's `test` script runs it in the package's own folder. Tests import
 * the sources of the other packages; only the processes that they start run what was built.
 */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@auth\/testing\/(.+)$/, replacement: `${packages}testing/src/$1/index.ts` },
      { find: /^@auth\/provider-utils\/wire$/, replacement: `${packages}provider-utils/src/wire.ts` },
      { find: /^@auth\/([^/]+)$/, replacement: `${packages}$1/src/index.ts` },
      { find: /^@internal\/([^/]+)$/, replacement: `${internal}$1/src/index.ts` },
    ],
  },
  test: {
    include: ['**/test/**/*.test.ts'],
    testTimeout: patienceMs,
    // Hundreds of processes are started that load the same modules: they are compiled once.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url)) },
    // Many tests wait, for processes and for their clocks: on two processors, too, a second file runs meanwhile.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Files share a worker: none leaves a mock, a timer or a listener behind, and starting a worker costs 0.25 s.
    isolate: false,
    tags: [
      ...faultLines(faults).map(({ number, whatHolds }) => ({
        name: `fault-${number}`,
        description: whatHolds,
      })),
      { name: 'long', description: 'Left out of `check`; `check:all` runs it.' },
      { name: 'longest', description: 'Takes minutes by its nature; `check:long` alone runs it.' },
    ],
    coverage: {
      include: ['src/**'],
      reporter: ['text-summary'],
      thresholds: { lines: 95, branches: 90 },
    },
  },
});
