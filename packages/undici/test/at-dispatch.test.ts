import { Agent, FormData, Pool, request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { authInterceptor } from '../src/index.js';
import { Api, openSession } from './support/scene.js';

type RequestOptions = NonNullable<Parameters<typeof request>[1]>;
type Body = NonNullable<RequestOptions['body']>;
type HeaderList = NonNullable<RequestOptions['headers']>;

let api: Api;
let agent: Agent;
/** What `/echo` was sent. */
let echoed: {
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly authorization: string | undefined;
}[];
beforeEach(async () => {
  api = await Api.start();
  agent = new Agent();
  echoed = [];
  api.on('/echo', ({ headers }, response) => {
    const status = headers.authorization === api.good ? 200 : 401;
    echoed.push({ headers, authorization: headers.authorization });
    response.writeHead(status).end();
    return status;
  });
});
afterEach(async () => {
  await agent.destroy();
  await api[Symbol.asyncDispose]();
});

/** When the token is there: before the call, after a login, or after a refusal. */
const tokens = ['fresh', 'missing', 'refused'] as const;

async function dispatcherWith(token: (typeof tokens)[number]) {
  const { session } = openSession([api]);
  if (token !== 'missing') await session.getTokens();
  if (token === 'refused') api.good = 'none';
  return agent.compose(authInterceptor(session));
}

describe.each(tokens)('what stands at the call is sent, and sent again: the token is %s', (token) => {
  const given = 'given';
  const bytes = (): Uint8Array<ArrayBuffer> => new TextEncoder().encode(given);
  const views: [string, (buffer: ArrayBuffer) => unknown][] = [
    ['a Uint8Array', (buffer) => new Uint8Array(buffer)],
    ['a Buffer', (buffer) => Buffer.from(buffer)],
    ['a DataView', (buffer) => new DataView(buffer)],
    ['an Int8Array', (buffer) => new Int8Array(buffer)],
    ['an ArrayBuffer', (buffer) => buffer],
  ];

  test.each(views)('bytes that change: %s', { tags: ['fault-93', 'fault-97'] }, async (_, viewOf) => {
    const dispatcher = await dispatcherWith(token);
    const { buffer } = bytes();
    const body = viewOf(buffer) as Body;
    const answered = request(`${api.origin}/echo`, { dispatcher, method: 'POST', body });
    new Uint8Array(buffer).fill(120);
    expect((await answered).statusCode).toBe(200);
    expect(new Set(api.seen.map((seen) => seen.body))).toEqual(new Set([given]));
  });

  test('a form that grows', { tags: ['fault-93', 'fault-97'] }, async () => {
    const dispatcher = await dispatcherWith(token);
    const body = new FormData();
    body.append('field', given);
    const answered = request(`${api.origin}/echo`, { dispatcher, method: 'POST', body });
    body.append('other', 'added');
    expect((await answered).statusCode).toBe(200);
    for (const seen of api.seen) expect(seen.body).not.toContain('added');
  });

  test('a Blob', { tags: ['fault-97'] }, async () => {
    const dispatcher = await dispatcherWith(token);
    const body = new Blob([given]) as unknown as Body;
    const { statusCode } = await request(`${api.origin}/echo`, { dispatcher, method: 'POST', body });
    expect(statusCode).toBe(200);
    expect(new Set(api.seen.map((seen) => seen.body))).toEqual(new Set([given]));
  });

  test('headers that change, and headers that can be read only once', {
    tags: ['fault-93', 'fault-97'],
  }, async () => {
    const dispatcher = await dispatcherWith(token);
    const object: Record<string, string> = { 'x-mine': given };
    const once = function* (): Iterable<[string, string]> {
      yield ['x-mine', given];
    };
    for (const headers of [object, once(), new Map([['x-mine', given]]), ['x-mine', given]]) {
      const answered = request(`${api.origin}/echo`, {
        dispatcher,
        headers: headers as HeaderList,
      });
      object['x-mine'] = 'changed';
      expect((await answered).statusCode).toBe(200);
    }
    expect(new Set(echoed.map(({ headers }) => headers['x-mine']))).toEqual(new Set([given]));
  });

  test('an origin, a path and a method that change', { tags: ['fault-93'] }, async () => {
    const dispatcher = await dispatcherWith(token);
    const options = { origin: new URL(api.origin), path: '/echo', method: 'GET' as const };
    const answered = dispatcher.request(options);
    options.origin.port = '1';
    Object.assign(options, { path: '/changed', method: 'PUT' });
    expect((await answered).statusCode).toBe(200);
    expect(new Set(api.seen.map(({ method, path }) => `${method} ${path}`))).toEqual(new Set(['GET /echo']));
  });

  test('a query that changes', { tags: ['fault-93'] }, async () => {
    const dispatcher = await dispatcherWith(token);
    const query = { page: 1, tag: ['a', 'b'] };
    const answered = request(`${api.origin}/orders`, { dispatcher, query });
    query.page = 2;
    query.tag.push('c');
    expect((await answered).statusCode).toBe(200);
    expect(new Set(api.seen.map(({ path }) => path))).toEqual(new Set(['/orders?page=1&tag=a&tag=b']));
  });

  test('a GET by pipeline() is sent again', { tags: ['fault-97'] }, async () => {
    const dispatcher = await dispatcherWith(token);
    let status = 0;
    const stream = dispatcher.pipeline({ origin: api.origin, path: '/echo', method: 'GET' }, (data) => {
      status = data.statusCode;
      return data.body;
    });
    stream.end();
    await stream.resume().toArray();
    expect(status).toBe(200);
  });
});

describe('headers', () => {
  test('may be named as a member of all objects is', { tags: ['fault-97'] }, async () => {
    const dispatcher = await dispatcherWith('fresh');
    const headers = { constructor: 'a', 'x-valueOf': 'b' } as unknown as Record<string, string>;
    await request(`${api.origin}/echo`, { dispatcher, headers });
    expect(echoed[0]?.headers).toMatchObject({ constructor: 'a', 'x-valueof': 'b' });
  });

  test.each<[string, unknown]>([
    ['a list of odd length', ['x-mine']],
    ['an iterator of what are no pairs', new Set(['x-mine'])],
    ['a text', 'x-mine: a'],
  ])('that undici refuses are refused in its words: %s', { tags: ['fault-97'] }, async (_, headers) => {
    const options = { headers: headers as HeaderList };
    const without = await request(`${api.origin}/echo`, { ...options, dispatcher: agent }).catch(String);
    const dispatcher = await dispatcherWith('fresh');
    expect(await request(`${api.origin}/echo`, { ...options, dispatcher }).catch(String)).toBe(without);
    expect(api.seen).toEqual([]);
  });
});

test('a dispatch without a handler, or without options, throws as undici’s does', async () => {
  const dispatcher = await dispatcherWith('fresh');
  for (const [options, handler] of [
    [{ origin: api.origin, path: '/', method: 'GET' }, undefined],
    [undefined, {}],
  ] as never[][]) {
    const thrownBy = (target: { dispatch: Agent['dispatch'] }): string => {
      try {
        return String(target.dispatch(options as never, handler as never));
      } catch (error) {
        return String(error);
      }
    };
    expect(thrownBy(dispatcher)).toBe(thrownBy(agent));
  }
});

test('onResponseStarted is handed on', async () => {
  const { session } = openSession([api]);
  const started = Promise.withResolvers<void>();
  const handler = { onResponseStarted: () => started.resolve(), onResponseError: () => started.reject() };
  const pool = new Pool(api.origin);
  pool.compose(authInterceptor(session)).dispatch({ path: '/echo', method: 'GET' }, handler);
  await started.promise;
  await pool.destroy();
});
