/**
 * Logs in and refreshes under the fetch of Next.js 14, whose cache answers a second POST that looks like the first, and
 * prints what became of them. Runs with
 * `--conditions=react-server`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire, registerHooks } from 'node:module';
import { createPasswordRefreshAuth } from '@auth/password-refresh';

// Next.js has a React of its own, which its compiler puts in place of the installed one.
const ownReact = 'next/dist/compiled/react/react.react-server.js';
registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'react' ? ownReact : specifier, context),
});
Object.assign(globalThis, { AsyncLocalStorage });

const {
  SIMACAN_URL: baseUrl = '',
  SIMACAN_USERNAME: username = '',
  SIMACAN_PASSWORD: password = '',
} = process.env;
const require = createRequire(import.meta.url);
const { patchFetch } = require('next/dist/server/lib/patch-fetch');
const { IncrementalCache } = require('next/dist/server/lib/incremental-cache');
const { nodeFs } = require('next/dist/server/lib/node-fs-methods');
const serverHooks = require('next/dist/client/components/hooks-server-context');
const storage = require('next/dist/client/components/static-generation-async-storage.external');
const { staticGenerationAsyncStorage } = storage;

patchFetch({ serverHooks, staticGenerationAsyncStorage });
const incrementalCache = new IncrementalCache({
  ...{ dev: false, minimalMode: false, fetchCache: true, flushToDisk: false, appDir: true, pagesDir: false },
  ...{ requestHeaders: {}, maxMemoryCacheSize: 1_000_000, serverDistDir: '/nowhere', fs: nodeFs },
  ...{ fetchCacheKeyPrefix: '', experimental: { ppr: false } },
  getPrerenderManifest: () => ({
    version: 4,
    routes: {},
    dynamicRoutes: {},
    notFoundRoutes: [],
    preview: {},
  }),
});

/** As in one request of a page. */
function inPage<Result>(work: () => Promise<Result>): Promise<Result> {
  const page = { isStaticGeneration: false, urlPathname: '/', pagePath: '/page', incrementalCache };
  return staticGenerationAsyncStorage.run(page, work);
}

/** What everybody writes by hand. */
async function logInByHand(): Promise<string> {
  const body = new URLSearchParams({ username, password });
  const response = await fetch(`${baseUrl}/auth/password`, { method: 'POST', body });
  return (await response.text()).slice(0, 200);
}

async function tokensOfSession(): Promise<string[]> {
  const session = createPasswordRefreshAuth({ baseUrl, username, password });
  const first = await session.getTokens();
  const second = await session.getTokens({ forceRefresh: true });
  session.dispose();
  return [first.id, second.id];
}

const byHand = [await inPage(logInByHand), await inPage(logInByHand)];
const tokens = [...(await inPage(tokensOfSession)), ...(await inPage(tokensOfSession))];
console.log(JSON.stringify({ isCachedByHand: byHand[0] === byHand[1], different: new Set(tokens).size }));
