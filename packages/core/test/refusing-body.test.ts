import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { AuthProvider, AuthSessionOptions } from '../src/index.js';
import type { FakeApi } from './support/fake-api.js';
import type { FakeServer } from './support/fake-server.js';
import { type FetchScene, startFetchScene } from './support/fetch-scene.js';
import type { ManualClock } from './support/manual-clock.js';

let api: FakeApi;
let server: FakeServer;
let clock: ManualClock;
let open: (options?: AuthSessionOptions) => ReturnType<FetchScene['open']>;
let startedOpen: FetchScene['open'];
/** What the provider's rule was asked. */
let tested: number[];
let read: string[];

beforeEach(async () => {
  const started = await startFetchScene();
  ({ api, server, clock } = started);
  tested = [];
  read = [];
  const isBodyRejected: AuthProvider['isBodyRejected'] = {
    test: ({ status, headers }) => {
      tested.push(status);
      return headers.get('content-type') === 'application/json';
    },
    read: (text) => {
      read.push(text);
      return text.includes('SESSION_ENDED');
    },
  };
  startedOpen = started.open;
  open = (options) => started.open({ isBodyRejected }, options);
  answerWith('{"error":"SESSION_ENDED"}');
  return started.stop;
});

const json = { 'content-type': 'application/json' };

/** What the API answers to the first token; to any other it says that all is well. */
function answerWith(body: string, headers: Record<string, string> = json, status = 200): void {
  api.routes['/orders'] = (seen) =>
    seen.headers.authorization === 'Bearer access-1'
      ? { status, headers, body }
      : { status: 200, headers: json, body: '{"orders":[]}' };
}

describe('a body that refuses the token', { tags: ['fault-102'] }, () => {
  test.each([200, 203, 400, 500])('with status %i leads to one exchange and a replay', async (status) => {
    answerWith('{"error":"SESSION_ENDED"}', json, status);
    const { fetch } = open();
    const answers = await Promise.all([1, 2, 3].map(() => fetch(`${api.origin}/orders`, { method: 'POST' })));
    for (const answer of answers) expect(await answer.json()).toEqual({ orders: [] });
    expect(server.ledger.map(({ endpoint }) => endpoint)).toEqual(['login', 'refresh']);
  });

  test('is found through tokenRejected by a transport that has read the body', async () => {
    const session = open();
    const sent = await session.getTokens();
    const answer = { status: 200, headers: new Headers(), url: `${api.origin}/orders` };
    expect(await session.tokenRejected(sent, answer)).toBeUndefined();
    expect((await session.tokenRejected(sent, { ...answer, bodyRejected: true }))?.accessToken).toBe(
      'access-2',
    );
  });

  test.each<[string, unknown]>([
    ['gives something else than true', (text: string) => text.match(/SESSION_ENDED/)],
    ['is asynchronous', async (text: string) => text.includes('SESSION_ENDED')],
  ])('counts too where the rule %s', async (_, read) => {
    const { fetch } = startedOpen({ isBodyRejected: { test: () => true, read } as never });
    expect(await (await fetch(`${api.origin}/orders`)).json()).toEqual({ orders: [] });
    expect(server.refreshes).toBe(1);
  });

  test('is none where the rule reads asynchronously and fails', async () => {
    const rule = {
      test: () => true,
      read: async () => {
        throw new Error('canary-secret');
      },
    };
    const { fetch } = startedOpen({ isBodyRejected: rule as never });
    expect((await fetch(`${api.origin}/orders`)).status).toBe(200);
    expect(server.refreshes).toBe(0);
  });

  test('of a replay is judged: an API that refuses every token costs no exchange a call', async () => {
    api.routes['/orders'] = () => ({ status: 200, headers: json, body: '{"error":"SESSION_ENDED"}' });
    const { fetch } = open();
    for (let call = 0; call < 20; call++)
      expect(await (await fetch(`${api.origin}/orders`)).json()).toEqual({ error: 'SESSION_ENDED' });
    expect(server.refreshes).toBe(1);
  });
});

describe('a body that does not refuse the token', { tags: ['fault-102'] }, () => {
  test('reaches the caller unread', async () => {
    answerWith('{"orders":["SESSION"]}');
    const response = await open().fetch(`${api.origin}/orders`);
    expect(response.bodyUsed).toBe(false);
    expect(await response.json()).toEqual({ orders: ['SESSION'] });
    expect(response.url).toBe(`${api.origin}/orders`);
    expect(server.ledger).toHaveLength(1);
  });

  test.each([
    ['an event stream', { 'content-type': 'text/event-stream' }, 'data: SESSION_ENDED\n\n', 0],
    [
      'a longer content-length',
      { ...json, 'content-length': '65549' },
      `SESSION_ENDED${' '.repeat(65_536)}`,
      0,
    ],
    ['what `test` does not name', { 'content-type': 'text/plain' }, 'SESSION_ENDED', 1],
    ['more than 64 KiB in chunks', { ...json, 'transfer-encoding': 'chunked' }, 'x'.repeat(200_000), 1],
  ])('%s is not asked about', async (_, headers, body, asked) => {
    answerWith(body, headers);
    const response = await open().fetch(`${api.origin}/orders`);
    expect(await response.text()).toBe(body);
    expect([tested.length, read]).toEqual([asked, []]);
    expect(server.ledger).toHaveLength(1);
  });

  test('an answer to HEAD is not asked about', async () => {
    answerWith('', { ...json, 'content-length': '12' });
    await open().fetch(`${api.origin}/orders`, { method: 'HEAD' });
    expect(tested).toEqual([]);
  });

  test('a body that takes longer than a second is handed on as it comes', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const fetch = async (): Promise<Response> => new Response(readable, { headers: json });
    const answered = open({ fetch }).fetch(`${api.origin}/orders`);
    await vi.waitFor(() => expect(tested).toEqual([200]));
    void writer.write(new TextEncoder().encode('{"orders":'));
    await clock.advance(1_000);
    const response = await answered;
    void writer.write(new TextEncoder().encode('[]}'));
    void writer.close();
    expect(await response.json()).toEqual({ orders: [] });
    expect(read).toEqual([]);
  });

  test('a rule that throws leaves the answer as it is', async () => {
    const isBodyRejected = {
      test: () => {
        throw new Error('a fault in the provider');
      },
      read: () => true,
    };
    const started = await startFetchScene();
    const { fetch } = started.open({ isBodyRejected });
    expect(await (await fetch(`${started.api.origin}/orders`)).text()).toBe('welcome');
    await started.stop();
  });
});
