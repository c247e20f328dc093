import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const packages = fileURLToPath(new URL('packages/', import.meta.url));
const examples = fileURLToPath(new URL('examples/', import.meta.url));

/** For processes and servers on a busy machine: nothing waits that long by itself. */
const patienceMs = 20_000;

/** Every folder is a project; packages find each other's sources; only processes that tests start run what was built. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@auth\/testing\/(.+)$/, replacement: `${packages}testing/src/$1/index.ts` },
      { find: '@auth/test-tools', replacement: `${packages}test-tools/src/index.ts` },
      { find: /^@auth\/provider-utils\/wire$/, replacement: `${packages}provider-utils/src/wire.ts` },
      { find: /^@auth\/([^/]+)$/, replacement: `${packages}$1/src/index.ts` },
    ],
  },
  test: {
    // Most of them wait for processes, servers and leases: one more than is left over does no harm.
    maxWorkers: '100%',
    projects: [
      ...foldersOf(packages).map((name) => project(name, `${packages}${name}`)),
      ...foldersOf(examples).map((name) => project(name, `${examples}${name}`)),
      project('scripts', fileURLToPath(new URL('scripts/', import.meta.url))),
    ],
    coverage: {
      // What runs in a browser or in processes of their own is not counted: store-web, and parts of the others.
      include: [
        '**/{core,provider-utils,joor,bearer-login,password-refresh,jwt-login,store-file,store-redis,undici,opentelemetry}/src/**',
      ],
      reporter: ['text'],
      thresholds: { lines: 95, branches: 90 },
    },
  },
});

function project(name: string, root: string) {
  const common = { name, root, include: ['test/**/*.test.ts'], testTimeout: patienceMs };
  // Uses all processors, and so runs after all others, by itself.
  const alone = { sequence: { groupOrder: 1 }, maxWorkers: 1 };
  return { extends: true as const, test: name === 'simulation' ? { ...common, ...alone } : common };
}

function foldersOf(place: string): string[] {
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}
