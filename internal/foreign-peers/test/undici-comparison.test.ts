import { type AuthSession, createAuthSession } from '@auth/core';
import { authInterceptor } from '@auth/undici';
import {
  Agent,
  BalancedPool,
  Client,
  type Dispatcher,
  EnvHttpProxyAgent,
  interceptors,
  MockAgent,
  Pool,
  ProxyAgent,
  RetryAgent,
  RoundRobinPool,
} from 'undici';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ComparisonServer, startProxy } from './support/comparison-server.js';
import { type Call, calls, type Outcome, upgrade } from './support/undici-calls.js';

type Interceptor = Dispatcher.DispatcherComposeInterceptor;

let server: ComparisonServer;
let proxy: Awaited<ReturnType<typeof startProxy>>;
beforeAll(async () => {
  [server, proxy] = await Promise.all([new ComparisonServer().start(), startProxy()]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

/** Composes interceptors onto a dispatcher. */
type Compose = (dispatcher: Dispatcher) => Dispatcher;

/** A dispatcher with interceptors on it, and how to end it. */
interface Opened {
  readonly dispatcher: Dispatcher;
  close(): Promise<void>;
}

const composed =
  (open: () => Dispatcher) =>
  (compose: Compose): Opened => {
    const bare = open();
    return { dispatcher: compose(bare), close: () => bare.close() };
  };

/** The dispatchers that undici's users make. */
const dispatchers: Record<string, (compose: Compose) => Opened> = {
  Agent: composed(() => new Agent()),
  Pool: composed(() => new Pool(server.origin)),
  Client: composed(() => new Client(server.origin)),
  RoundRobinPool: composed(() => new RoundRobinPool(server.origin)),
  // It does not tell where a request goes: interceptors are given to its pools.
  BalancedPool: (compose) => {
    const factory = (origin: URL, options: object) => compose(new Pool(origin, options)) as Pool;
    const pool = new BalancedPool([server.origin], { factory });
    return { dispatcher: pool, close: () => pool.close() };
  },
  ProxyAgent: composed(() => new ProxyAgent({ uri: proxy.url, proxyTunnel: true })),
  EnvHttpProxyAgent: composed(
    () => new EnvHttpProxyAgent({ httpProxy: proxy.url, noProxy: 'nowhere.example', proxyTunnel: true }),
  ),
  RetryAgent: composed(() => new RetryAgent(new Agent(), { minTimeout: 1, maxTimeout: 1 })),
  MockAgent: composed(() => {
    const agent = new MockAgent();
    agent.disableNetConnect();
    const pool = agent.get(server.origin);
    for (const method of ['GET', 'POST'])
      pool
        .intercept({ path: () => true, method })
        .reply(({ headers }) => {
          const isGood =
            new Headers(headers as Record<string, string>).get('authorization') === `Bearer ${server.good}`;
          if (!isGood) server.refused++;
          return isGood ? { statusCode: 200, data: 'mocked' } : { statusCode: 401, data: 'no' };
        })
        .persist();
    return agent;
  }),
};

/** Interceptors in undici's own order, with ours between those that stand inside of it and those outside. */
interface Composition {
  readonly inside?: () => Interceptor;
  readonly outside?: () => Interceptor;
  /** What this interceptor is made for. */
  readonly path: string;
}

const compositions: Record<string, Composition> = {
  'nothing else': { path: '/echo' },
  'retry()': { outside: () => interceptors.retry({ minTimeout: 1, maxTimeout: 1 }), path: '/flaky' },
  'redirect()': { outside: () => interceptors.redirect({ maxRedirections: 3 }), path: '/redirect' },
  'dump()': { outside: () => interceptors.dump({ maxSize: 1_000_000 }), path: '/big' },
  'decompress()': { outside: () => interceptors.decompress(), path: '/gzip' },
  'responseError()': { outside: () => interceptors.responseError(), path: '/error' },
  'dns()': { inside: () => interceptors.dns(), path: '/echo' },
  'cache()': { inside: () => interceptors.cache(), path: '/cached' },
  'deduplicate()': { inside: () => interceptors.deduplicate(), path: '/echo' },
};

/** Puts the good token on a request, and knows no other: what ours is compared with. */
const plainToken: Interceptor = (dispatch) => (options, handler) => {
  const { headers = {} } = options;
  const token = `Bearer ${server.good}`;
  // After a redirect headers are undici's flat list.
  const withToken = Array.isArray(headers)
    ? [...headers, 'authorization', token]
    : { ...(headers as Record<string, string>), authorization: token };
  return dispatch({ ...options, headers: withToken }, handler);
};

function openSession(): AuthSession {
  let issued = 0;
  return createAuthSession({
    name: 'compared',
    issuer: 'https://auth.example.com',
    account: 'ada',
    allowedOrigins: [server.origin],
    prepareLogin: () => ({
      secrets: ['x'],
      login: async () => ({ accessToken: `token-${++issued}`, expiresInMs: 3_600_000 }),
    }),
  });
}

type TokenState = 'fresh' | 'refused';

/**
 * A body that can be read once only is not sent again, and its refusal is the answer. deduplicate() does not tell that
 * nothing of a pipeline's body was sent.
 */
function isNotSentAgain(call: Call, dispatcher: string, composition: string): boolean {
  // For a MockAgent undici's fetch hands on the text itself.
  if (call.isStreamed) return !(dispatcher === 'MockAgent' && call.name.startsWith('fetch'));
  return call.name.startsWith('pipeline') && composition === 'deduplicate()';
}

/** A replay goes without the pipeline's empty body, and so a retrying agent can retry it, which it cannot with a stream. */
function isRetriedBetter(call: Call, state: TokenState, dispatcher: string, composition: string): boolean {
  const isRetried = dispatcher === 'RetryAgent' && composition === 'retry()';
  return isRetried && state === 'refused' && call.name.startsWith('pipeline');
}

const counted = { checks: 0, successes: 0, replays: 0 };

/** The outcomes of one call without and with the session's interceptor. */
async function compare(
  open: (compose: Compose) => Opened,
  { inside, outside, path }: Composition,
  call: Call,
  state: TokenState,
  planted: readonly Interceptor[] = [],
): Promise<{ readonly without: Outcome; readonly with: Outcome; readonly refused: number }> {
  const run = async (auth: Interceptor): Promise<Outcome> => {
    const chain = [inside?.(), auth, ...planted, outside?.()].filter((each) => each !== undefined);
    const { dispatcher, close } = open((bare) => bare.compose(...chain));
    const signal = AbortSignal.timeout(path === '/slow' ? 100 : 10_000);
    try {
      const outcome = await call.run(dispatcher, server.origin, path, signal);
      if (path !== '/slow') return outcome;
      await vi.waitFor(() => expect(server.held).toBe(0), 300).catch(() => {});
      return { ...outcome, held: server.held };
    } finally {
      await (path === '/slow' ? dispatcher.destroy() : close());
    }
  };
  const good = state === 'fresh' ? 'token-1' : 'token-2';
  server.reset(good);
  const without = await run(plainToken);
  server.reset(good);
  const session = openSession();
  await session.getTokens();
  const outcome = await run(authInterceptor(session));
  session.dispose();
  return { without, with: outcome, refused: server.refused };
}

describe.each(Object.entries(dispatchers))('%s', (name, open) => {
  test.each(Object.entries(compositions))(
    'with %s: all calls end as without the session',
    {
      tags: ['fault-92', 'fault-97'],
    },
    async (chain, composition) => {
      for (const call of calls) {
        for (const state of ['fresh', 'refused'] as const) {
          const compared = await compare(open, composition, call, state);
          counted.checks++;
          if (compared.with.status === 200) counted.successes++;
          const isReplayed = state === 'refused' && compared.refused > 0;
          if (isReplayed && compared.with.status === 200) counted.replays++;
          const label = `${call.name}, the token is ${state}`;
          if (state === 'refused' && isNotSentAgain(call, name, chain))
            expect(compared.with.status ?? 401, label).toBe(401);
          else if (!isRetriedBetter(call, state, name, chain))
            expect(compared.with, label).toEqual(compared.without);
          expect(isReplayed, label).toBe(state === 'refused');
        }
      }
    },
  );
});

test.each(['Agent', 'Pool', 'Client', 'ProxyAgent'])(
  'an upgrade through a %s ends as without the session',
  async (name) => {
    const open = dispatchers[name] as (compose: Compose) => Opened;
    for (const state of ['fresh', 'refused'] as const) {
      const compared = await compare(open, { path: '/socket' }, upgrade, state);
      expect(compared.with, state).toEqual(compared.without);
      expect(compared.without, state).toEqual({ status: 101, type: 'echo' });
    }
  },
);

test('it compared some hundreds of calls', () => {
  expect(counted.checks).toBeGreaterThanOrEqual(400);
  expect(counted.successes).toBeGreaterThanOrEqual(300);
  expect(counted.replays).toBeGreaterThanOrEqual(100);
});

type Controller = Dispatcher.DispatchController;

/** A handler that hands everything on, with another controller if wanted. */
function passedOn(
  handler: Dispatcher.DispatchHandler,
  change: (controller: Controller) => Controller = (controller) => controller,
): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(change(controller), context),
    onResponseStart: (controller, ...given) => handler.onResponseStart?.(change(controller), ...given),
    onResponseData: (controller, chunk) => handler.onResponseData?.(change(controller), chunk),
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(change(controller), trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(change(controller), error),
  };
}

describe('the comparison finds', () => {
  const agent = dispatchers['Agent'] as (compose: Compose) => Opened;
  const [get] = calls as [Call];

  test('an interceptor that drops a body', async () => {
    const dropping: Interceptor = (dispatch) => (options, handler) =>
      dispatch(options, { ...passedOn(handler), onResponseData: () => {} });
    // Only in the chain with the session's interceptor.
    const composition = { path: '/echo' };
    const plain = await compare(agent, composition, get, 'fresh');
    const planted = await compare(agent, composition, get, 'fresh', [dropping]);
    expect(planted.with).not.toEqual(plain.without);
  });

  test('an interceptor that loses an abort', async () => {
    const deaf = (controller: Controller): Controller => ({
      ...controller,
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      abort: () => {},
    });
    const losing: Interceptor = (dispatch) => (options, handler) =>
      dispatch(options, passedOn(handler, deaf));
    const composition = { path: '/slow' };
    const plain = await compare(agent, composition, get, 'fresh');
    expect(plain.with).toEqual(plain.without);
    const planted = await compare(agent, composition, get, 'fresh', [losing]);
    expect(planted.with).not.toEqual(plain.without);
  });
});
