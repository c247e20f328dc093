import { PassThrough, Readable } from 'node:stream';
import { AuthError } from '@auth/core';
import {
  Agent,
  type Dispatcher,
  FormData,
  getGlobalDispatcher,
  interceptors,
  Pool,
  request,
  setGlobalDispatcher,
} from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { authInterceptor } from '../src/index.js';
import { Api, openSession } from './support/scene.js';

let api: Api;
let agent: Agent;
beforeEach(async () => {
  api = await Api.start();
  agent = new Agent();
});
afterEach(async () => {
  await agent.destroy();
  await api[Symbol.asyncDispose]();
});

/** The API takes the token no more: the next request is refused. */
const revoke = (): void => {
  api.good = 'none';
};
const statuses = (): number[] => api.seen.map(({ status }) => status);

test.each([undefined, {}])('%s is no session', (nothing) => {
  expect(() => authInterceptor(nothing as never)).toThrow('session: expected an AuthSession');
});

describe('a request', () => {
  test('carries the token, and is replayed once with another where that is refused', async () => {
    const { session, logins } = openSession([api]);
    const dispatcher = agent.compose(authInterceptor(session));
    const first = await request(`${api.origin}/orders?page=2`, { dispatcher });
    expect(await first.body.json()).toEqual({ status: 200 });
    expect(api.seen[0]).toMatchObject({ path: '/orders?page=2', authorization: 'Bearer access-1' });
    revoke();
    const second = await request(`${api.origin}/orders`, { dispatcher });
    expect(second.statusCode).toBe(200);
    expect(await second.body.json()).toEqual({ status: 200 });
    expect(statuses()).toEqual([200, 401, 200]);
    expect(logins()).toBe(2);
  });

  test('with a path that begins with two slashes is replayed too', async () => {
    const { session } = openSession([api]);
    await session.getTokens();
    revoke();
    const dispatcher = agent.compose(authInterceptor(session));
    expect((await request(`${api.origin}//[orders`, { dispatcher })).statusCode).toBe(200);
    expect(statuses()).toEqual([401, 200]);
  });

  test.each([
    ['text', () => JSON.stringify({ n: 1 }), '{"n":1}'],
    ['bytes', () => Buffer.from('bytes'), 'bytes'],
    ['a form', () => formOf('field', 'value'), 'value'],
  ])('with %s for a body is replayed whole', async (_, body, expected) => {
    const { session } = openSession([api]);
    const dispatcher = agent.compose(authInterceptor(session));
    await session.getTokens();
    revoke();
    const { statusCode } = await request(`${api.origin}/orders`, {
      dispatcher,
      method: 'POST',
      body: body(),
    });
    expect(statusCode).toBe(200);
    expect(api.seen.map(({ body: text }) => text.includes(expected))).toEqual([true, true]);
  });

  test('with a stream for a body is refused as it is, and the next one has another token', async () => {
    const { session, logins } = openSession([api]);
    const dispatcher = agent.compose(authInterceptor(session));
    await session.getTokens();
    revoke();
    const body = Readable.from(['once']);
    const refused = await request(`${api.origin}/orders`, { dispatcher, method: 'POST', body });
    expect(refused.statusCode).toBe(401);
    expect(await refused.body.json()).toEqual({ status: 401 });
    expect((await request(`${api.origin}/orders`, { dispatcher })).statusCode).toBe(200);
    expect(logins()).toBe(2);
  });

  test('that is refused again is refused, with its body', async () => {
    const { session, logins } = openSession([api]);
    api.on('/never', (_, response) => {
      response.writeHead(401).end('never');
      return 401;
    });
    const dispatcher = agent.compose(authInterceptor(session));
    const refused = await request(`${api.origin}/never`, { dispatcher });
    expect([refused.statusCode, await refused.body.text()]).toEqual([401, 'never']);
    expect(statuses()).toEqual([401, 401]);
    expect(logins()).toBe(2);
  });

  test('a hundred that are refused at once cost one exchange', async () => {
    const { session, logins } = openSession([api]);
    const dispatcher = agent.compose(authInterceptor(session));
    await session.getTokens();
    revoke();
    const answers = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const { statusCode, body } = await request(`${api.origin}/orders`, { dispatcher });
        await body.dump();
        return statusCode;
      }),
    );
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(logins()).toBe(2);
  });

  test.each([404, 500])('with the answer %i, however long, is left alone', async (status) => {
    const { session, logins } = openSession([api]);
    const long = 'x'.repeat(2_000_000);
    api.on('/other', (_, response) => {
      response.writeHead(status).end(long);
      return status;
    });
    const answer = await request(`${api.origin}/other`, {
      dispatcher: agent.compose(authInterceptor(session)),
    });
    expect([answer.statusCode, await answer.body.text()]).toEqual([status, long]);
    expect(logins()).toBe(1);
  });

  const { dump } = interceptors;

  test.each<[string, (agent: Dispatcher) => Dispatcher, string]>([
    ['', (dispatcher) => dispatcher, 'now'],
    // It puts an abort of its own in the place of the controller's, and reads the body itself.
    [', under dump()', (dispatcher) => dispatcher.compose(dump()), ''],
  ])('a refusal without end does not hold up the replay%s', async (_, compose, body) => {
    const { session } = openSession([api]);
    let ended = false;
    let calls = 0;
    api.on('/endless', (message, response) => {
      if (++calls > 1) {
        response.writeHead(200).end('now');
        return 200;
      }
      response.writeHead(401);
      const timer = setInterval(() => response.write('x'.repeat(60_000)), 1);
      message.socket.once('close', () => {
        clearInterval(timer);
        ended = true;
      });
      return 401;
    });
    const dispatcher = compose(agent.compose(authInterceptor(session)));
    const answer = await request(`${api.origin}/endless`, { dispatcher });
    expect(await answer.body.text()).toBe(body);
    await expect.poll(() => ended).toBe(true);
  });

  test.each<[string, Record<string, string> | string[] | Map<string, string>]>([
    ['an object', { Authorization: 'Basic x', accept: 'text/plain' }],
    ['a list', ['AUTHORIZATION', 'Basic x', 'accept', 'text/plain']],
    ['an iterable', new Map([['authorization', 'Basic x']])],
  ])('has the token in the place of the caller’s own authorization, given in %s', async (_, headers) => {
    const { session } = openSession([api]);
    const dispatcher = agent.compose(authInterceptor(session));
    const { statusCode } = await request(`${api.origin}/orders`, { dispatcher, headers });
    expect(statusCode).toBe(200);
    expect(api.seen[0]?.authorization).toBe('Bearer access-1');
  });

  test('by stream() is served too', async () => {
    const { session } = openSession([api]);
    const dispatcher = agent.compose(authInterceptor(session));
    await session.getTokens();
    revoke();
    const target = new PassThrough();
    let statusCode = 0;
    await dispatcher.stream({ origin: api.origin, path: '/orders', method: 'GET' }, (answer) => {
      statusCode = answer.statusCode;
      return target;
    });
    expect(statusCode).toBe(200);
  });
});

describe('a handler that throws', () => {
  test('at an answer that the session was asked about fails its request, as without the interceptor', async () => {
    api.on('/loop', (_, response) => {
      response.writeHead(302, { location: '/loop' }).end();
      return 302;
    });
    const { session } = openSession([api]);
    const { redirect, dump } = interceptors;
    const redirecting = agent.compose(authInterceptor(session), redirect({ maxRedirections: 5 }));
    const looping = request(`${api.origin}/loop`, { dispatcher: redirecting, maxRedirections: 5 } as never);
    await expect(looping).rejects.toThrow('Redirect loop');
    api.on('/long', (_, response) => {
      response.writeHead(404, { 'content-length': 100_000 }).end('x'.repeat(100_000));
      return 404;
    });
    const dumping = agent.compose(authInterceptor(session), dump({ maxSize: 1_000 }));
    await expect(request(`${api.origin}/long`, { dispatcher: dumping })).rejects.toThrow('maxSize');
    const streaming = agent
      .compose(authInterceptor(session))
      .stream({ origin: api.origin, path: '/none', method: 'HEAD' }, () => {
        throw new Error('not this one');
      });
    api.on('/none', (_, response) => {
      response.writeHead(404).end();
      return 404;
    });
    await expect(streaming).rejects.toThrow('not this one');
  });
});

describe('an answer of 1xx before the answer', () => {
  test('is neither a refusal nor an accepted replay', async () => {
    let calls = 0;
    api.on('/hinted', (_, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      calls++;
      response.writeHead(401).end();
      return 401;
    });
    const { session, logins } = openSession([api]);
    const dispatcher = agent.compose(authInterceptor(session));
    for (let call = 0; call < 4; call++)
      expect((await request(`${api.origin}/hinted`, { dispatcher })).statusCode).toBe(401);
    // One refusal was worth an exchange, and its replay was refused: the next ones are not.
    expect({ calls, logins: logins() }).toEqual({ calls: 5, logins: 2 });
  });
});

describe('what goes wrong', () => {
  test('a foreign origin gets nothing', async () => {
    await using elsewhere = await Api.start();
    const { session } = openSession([api]);
    const dispatcher = agent.compose(authInterceptor(session));
    await expect(request(`${elsewhere.origin}/x`, { dispatcher })).rejects.toMatchObject({
      code: 'origin_not_allowed',
    });
    await expect(request('http://plain.example/x', { dispatcher })).rejects.toMatchObject({
      code: 'insecure_url',
    });
    expect(elsewhere.seen).toEqual([]);
  });

  test('a session without a token to give fails the request, before and after a refusal', async () => {
    const error = new AuthError('credentials_unavailable', { delivery: 'not_sent' });
    let hasCredentials = true;
    const { session } = openSession([api], {
      change: {
        prepareLogin: () => {
          if (!hasCredentials) throw error;
          return { secrets: ['x'], login: async () => ({ accessToken: 'given', expiresInMs: 3_600_000 }) };
        },
      },
    });
    const dispatcher = agent.compose(authInterceptor(session));
    await session.getTokens();
    hasCredentials = false;
    await expect(request(`${api.origin}/x`, { dispatcher })).rejects.toMatchObject({
      code: 'credentials_unavailable',
    });
    session.dispose();
    await expect(request(`${api.origin}/x`, { dispatcher })).rejects.toMatchObject({ code: 'disposed' });
  });

  test('an abort ends the wait for a token, and the wait for another', async () => {
    const never = new Promise<never>(() => {});
    let isStuck = true;
    const { session } = openSession([api], {
      change: {
        prepareLogin: () => ({
          secrets: ['x'],
          login: () => (isStuck ? never : Promise.resolve({ accessToken: 'given', expiresInMs: 3_600_000 })),
        }),
      },
      timeouts: { exchangeMs: 300 },
    });
    const dispatcher = agent.compose(authInterceptor(session));
    const abortSoon = (): AbortSignal => AbortSignal.timeout(50);
    await expect(request(`${api.origin}/x`, { dispatcher, signal: abortSoon() })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    isStuck = false;
    await session.signIn();
    isStuck = true;
    await expect(request(`${api.origin}/x`, { dispatcher, signal: abortSoon() })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect(statuses()).toEqual([401]);
  });

  test('a connection that breaks in the midst of a refusal is an error', async () => {
    const { session } = openSession([api]);
    api.on('/broken', (_, response) => {
      response.writeHead(401, { 'content-length': '100' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
      return 401;
    });
    const dispatcher = agent.compose(authInterceptor(session));
    await expect(
      request(`${api.origin}/broken`, { dispatcher }).then(({ body }) => body.text()),
    ).rejects.toThrow();
  });
});

describe('redirects', () => {
  /** Sends `/go` to a place. */
  const redirectTo = (place: () => string): void =>
    api.on('/go', (_, response) => {
      response.writeHead(302, { location: place() }).end();
      return 302;
    });

  test('a hop to an allowed origin carries the token, and is replayed by itself', async () => {
    const { session } = openSession([api]);
    redirectTo(() => '/orders');
    const dispatcher = agent.compose(authInterceptor(session), interceptors.redirect({ maxRedirections: 3 }));
    await session.getTokens();
    revoke();
    expect((await request(`${api.origin}/go`, { dispatcher })).statusCode).toBe(200);
    expect(api.seen.map(({ path, status }) => `${path} ${status}`)).toEqual([
      '/go 302',
      '/orders 401',
      '/orders 200',
    ]);
  });

  test('a hop to a foreign origin goes without the token, whatever headers carry it', async () => {
    await using elsewhere = await Api.start();
    const { session } = openSession([api], {
      change: {
        tokenHeaders: ['X-Token'],
        authorize: (headers, { accessToken }) => headers.set('X-Token', `Bearer ${accessToken}`),
      },
    });
    redirectTo(() => `${elsewhere.origin}/orders`);
    const dispatcher = agent.compose(authInterceptor(session), interceptors.redirect({ maxRedirections: 3 }));
    expect((await request(`${api.origin}/go`, { dispatcher })).statusCode).toBe(401);
    expect(api.seen[0]?.token).toBe('Bearer access-1');
    expect(elsewhere.seen).toEqual([expect.objectContaining({ token: undefined, authorization: undefined })]);
  });

  test('a request to a foreign origin after somebody’s redirect there is still refused', async () => {
    await using elsewhere = await Api.start();
    const { session } = openSession([api]);
    redirectTo(() => `${elsewhere.origin}/orders`);
    const dispatcher = agent.compose(authInterceptor(session), interceptors.redirect({ maxRedirections: 3 }));
    await request(`${api.origin}/go`, { dispatcher });
    await expect(request(`${elsewhere.origin}/orders`, { dispatcher })).rejects.toMatchObject({
      code: 'origin_not_allowed',
    });
  });
});

test('with retries around it, each attempt carries the token of its time', async () => {
  const { session } = openSession([api]);
  let calls = 0;
  api.on('/shaky', (message, response) => {
    const status = [503, 401, 200][calls++] as number;
    response.writeHead(status).end(message.headers.authorization);
    return status;
  });
  const retry = interceptors.retry({ minTimeout: 1, maxRetries: 2, statusCodes: [503] });
  const dispatcher = agent.compose(authInterceptor(session), retry);
  const answer = await request(`${api.origin}/shaky`, { dispatcher });
  expect([answer.statusCode, await answer.body.text()]).toEqual([200, 'Bearer access-2']);
  expect(statuses()).toEqual([503, 401, 200]);
});

test('under the platform’s fetch, for one origin of the global dispatcher', async () => {
  await using elsewhere = await Api.start();
  const { session, logins } = openSession([api]);
  const before = getGlobalDispatcher();
  const global = new Agent({
    factory: (origin, options) => {
      const pool = new Pool(origin, options as Pool.Options);
      return String(origin) === api.origin ? pool.compose(authInterceptor(session)) : pool;
    },
  });
  setGlobalDispatcher(global);
  try {
    expect((await fetch(`${api.origin}/orders`)).status).toBe(200);
    revoke();
    const response = await fetch(`${api.origin}/orders`);
    expect([response.status, await response.json()]).toEqual([200, { status: 200 }]);
    expect(logins()).toBe(2);
    expect((await fetch(`${elsewhere.origin}/x`)).status).toBe(401);
    expect(elsewhere.seen[0]?.authorization).toBeUndefined();
  } finally {
    setGlobalDispatcher(before);
    await global.destroy();
  }
});

function formOf(name: string, value: string): FormData {
  const form = new FormData();
  form.append(name, value);
  return form;
}
