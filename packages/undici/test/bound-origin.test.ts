import { BalancedPool, Client, Pool, RoundRobinPool } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { authInterceptor } from '../src/index.js';
import { Api, openSession } from './support/scene.js';

let api: Api;
let elsewhere: Api;
beforeEach(async () => {
  [api, elsewhere] = await Promise.all([Api.start(), Api.start()]);
});
afterEach(() => Promise.all([api[Symbol.asyncDispose](), elsewhere[Symbol.asyncDispose]()]));

const get = { path: '/orders', method: 'GET' } as const;

describe.each([
  ['a Pool', (origin: string) => new Pool(origin)],
  ['a Client', (origin: string) => new Client(origin)],
  ['a RoundRobinPool', (origin: string) => new RoundRobinPool(origin)],
])('%s', (_, open) => {
  test('sends to its origin alone: a request that names another gets no token', {
    tags: ['fault-99'],
  }, async () => {
    const { session, logins } = openSession([api]);
    const bound = open(elsewhere.origin);
    const dispatcher = bound.compose(authInterceptor(session));
    await expect(dispatcher.request({ ...get, origin: api.origin })).rejects.toMatchObject({
      code: 'origin_not_allowed',
      message: expect.stringContaining(elsewhere.origin),
    });
    expect([elsewhere.seen, logins()]).toEqual([[], 0]);
    await bound.destroy();
  });

  test('needs no origin in a request', async () => {
    const { session } = openSession([api]);
    const bound = open(api.origin);
    const dispatcher = bound.compose(authInterceptor(session));
    for (const origin of [undefined, api.origin, new URL(api.origin)]) {
      const { statusCode, body } = await dispatcher.request({ ...get, ...(origin && { origin }) });
      await body.dump();
      expect(statusCode).toBe(200);
    }
    await bound.destroy();
  });
});

describe('a BalancedPool', () => {
  test('does not tell where a request goes, and gets no token', { tags: ['fault-99'] }, async () => {
    const { session } = openSession([api]);
    const pool = new BalancedPool([elsewhere.origin]);
    const dispatcher = pool.compose(authInterceptor(session));
    for (const named of [{}, { origin: api.origin }])
      await expect(dispatcher.request({ ...get, ...named })).rejects.toMatchObject({
        code: 'origin_not_allowed',
        message: expect.stringContaining('factory'),
      });
    expect(elsewhere.seen).toEqual([]);
    await pool.destroy();
  });

  test('takes the interceptor on its pools', { tags: ['fault-99'] }, async () => {
    const { session } = openSession([api]);
    const factory = (origin: URL, options: object): Pool =>
      new Pool(origin, options).compose(authInterceptor(session)) as Pool;
    const pool = new BalancedPool([api.origin], { factory });
    const { statusCode, body } = await pool.request(get as never);
    await body.dump();
    expect(statusCode).toBe(200);
    await pool.destroy();
  });
});
