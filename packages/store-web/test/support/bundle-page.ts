import { join } from 'node:path';
import { build } from 'rolldown';

/** What a page loads, in one file: made of the packages' sources, so that no test runs on a stale build. */
export async function bundlePage(): Promise<string> {
  const packages = join(import.meta.dirname, '..', '..', '..');
  const { output } = await build({
    input: join(import.meta.dirname, 'page.js'),
    platform: 'browser',
    write: false,
    output: { codeSplitting: false },
    resolve: {
      alias: {
        '@auth/core': join(packages, 'core/src/index.ts'),
        '@auth/jwt-login': join(packages, 'jwt-login/src/index.ts'),
        '@auth/provider-utils/wire': join(packages, 'provider-utils/src/wire.ts'),
        '@auth/provider-utils': join(packages, 'provider-utils/src/index.ts'),
        '@auth/store-web': join(packages, 'store-web/src/index.ts'),
        '@auth/testing/conformance': join(packages, 'testing/src/conformance/index.ts'),
      },
    },
  });
  return output[0].code;
}
