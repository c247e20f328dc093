import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const packages = fileURLToPath(new URL('packages/', import.meta.url));
const examples = fileURLToPath(new URL('examples/', import.meta.url));

/** Every folder is a project; packages find each other's sources, so that no test runs on a stale build. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@auth\/testing\/(.+)$/, replacement: `${packages}testing/src/$1/index.ts` },
      { find: /^@auth\/provider-utils\/wire$/, replacement: `${packages}provider-utils/src/wire.ts` },
      { find: /^@auth\/([^/]+)$/, replacement: `${packages}$1/src/index.ts` },
    ],
  },
  test: {
    projects: [packages, examples].flatMap((folder) =>
      readdirSync(folder).map((name) => ({
        extends: true,
        test: { name, root: `${folder}${name}`, include: ['test/**/*.test.ts'] },
      })),
    ),
    coverage: {
      include: ['**/{core,provider-utils,joor,bearer-login,password-refresh,jwt-login}/src/**'],
      reporter: ['text'],
      thresholds: { lines: 95, branches: 90 },
    },
  },
});
