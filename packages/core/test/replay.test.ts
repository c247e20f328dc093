import { hashQuickly } from '@internal/test-tools/quick-hash';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { FakeApi, SeenRequest } from './support/fake-api.js';
import type { FakeServer } from './support/fake-server.js';
import { type FetchScene, startFetchScene } from './support/fetch-scene.js';
import type { ManualClock } from './support/manual-clock.js';

let api: FakeApi;
let elsewhere: FakeApi;
let open: FetchScene['open'];
let clock: ManualClock;
let server: FakeServer;
let revokeFirstToken: FetchScene['revokeFirstToken'];

beforeEach(async () => {
  const started = await startFetchScene();
  ({ api, elsewhere, open, clock, server, revokeFirstToken } = started);
  return started.stop;
});

describe('a request whose token the API refuses', () => {
  hashQuickly();

  test.each([
    ['nothing', undefined],
    ['a string', 'payload'],
    ['URLSearchParams', new URLSearchParams({ a: 'b' })],
    ['a Blob', new Blob(['payload'])],
    ['bytes', new TextEncoder().encode('payload')],
    ['a buffer', new TextEncoder().encode('payload').buffer],
  ])('a body that is %s is sent again once with the new token', async (_, body) => {
    const { fetch } = open();
    await fetch(`${api.origin}/warm-up`);
    revokeFirstToken();
    const response = await fetch(`${api.origin}/orders`, {
      method: 'POST',
      ...(body === undefined ? {} : { body }),
    });
    expect(response.status).toBe(200);
    const [, refused, replayed] = api.seen;
    expect(replayed?.body).toBe(refused?.body);
    expect(replayed?.headers.authorization).toBe('Bearer access-2');
    expect(api.seen).toHaveLength(3);
    expect(server.refreshes).toBe(1);
  });

  test.each<[string, (answer: Response) => unknown]>([
    ['none, as with React Native', () => undefined],
    ['a string, as with a test’s double', () => 'refused'],
    ['a plain object', () => ({})],
    ['already read, as after a transport that logs', ({ body }) => body?.getReader() && body],
  ])('a refusal whose body is %s is replayed all the same', { tags: ['fault-100'] }, async (_, bodyOf) => {
    const transport = async (...request: Parameters<typeof fetch>): Promise<Response> => {
      const answer = await globalThis.fetch(...request);
      return answer.status === 401
        ? Object.defineProperty(answer, 'body', { value: bodyOf(answer) })
        : answer;
    };
    const { fetch } = open({}, { fetch: transport });
    await fetch(`${api.origin}/warm-up`);
    revokeFirstToken();
    expect((await fetch(`${api.origin}/orders`)).status).toBe(200);
    expect(server.refreshes).toBe(1);
  });

  test('FormData is sent again under a boundary of its own', async () => {
    const { fetch } = open();
    await fetch(`${api.origin}/warm-up`);
    revokeFirstToken();
    const body = new FormData();
    body.set('file', new Blob(['content']), 'name.txt');
    expect((await fetch(`${api.origin}/upload`, { method: 'POST', body })).status).toBe(200);
    const replayed = api.seen[2] as SeenRequest;
    const form = await new Response(replayed.body, {
      headers: { 'content-type': replayed.headers['content-type'] as string },
    }).formData();
    expect(await (form.get('file') as File).text()).toBe('content');
  });

  test('a Request with a body is sent again', async () => {
    const { fetch } = open();
    await fetch(`${api.origin}/warm-up`);
    revokeFirstToken();
    const response = await fetch(new Request(`${api.origin}/orders`, { method: 'POST', body: 'payload' }));
    expect(response.status).toBe(200);
    expect(api.seen[2]).toMatchObject({ body: 'payload', headers: { authorization: 'Bearer access-2' } });
  });

  test('a stream is not sent again: the 401 comes back, and the next call has a new token', async () => {
    const { fetch } = open();
    await fetch(`${api.origin}/warm-up`);
    revokeFirstToken();
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('once'));
        controller.close();
      },
    });
    const init = { method: 'POST', body: stream, duplex: 'half' } as RequestInit;
    const response = await fetch(`${api.origin}/orders`, init);
    expect([response.status, await response.text()]).toEqual([401, 'no']);
    expect((await fetch(`${api.origin}/orders`)).status).toBe(200);
    expect(server.refreshes).toBe(1);
  });

  const streamed = (): RequestInit =>
    ({ method: 'POST', body: new Blob(['once']).stream(), duplex: 'half' }) as RequestInit;

  test('with a stream it returns the 401 at once, and the exchange goes on behind it', async () => {
    const session = open();
    const { fetch } = session;
    await fetch(`${api.origin}/warm-up`);
    revokeFirstToken();
    const answerRefresh = server.holdNext('refresh');
    expect((await fetch(`${api.origin}/orders`, streamed())).status).toBe(401);
    expect(server.refreshes).toBe(0);
    answerRefresh();
    expect(await session.getAccessToken()).toBe('access-2');
  });

  test('with a stream it waits for the exchange where no work may outlive a call', async () => {
    const { fetch } = open({}, { scheduler: null });
    await fetch(`${api.origin}/warm-up`);
    revokeFirstToken();
    expect((await fetch(`${api.origin}/orders`, streamed())).status).toBe(401);
    expect(server.refreshes).toBe(1);
  });

  test('a provider may find its refusal in a redirect to a login page', { tags: ['fault-102'] }, async () => {
    api.routes['/orders'] = ({ headers }) =>
      headers.authorization === 'Bearer access-1'
        ? { status: 302, headers: { location: '/login' } }
        : { status: 200, body: 'orders' };
    api.routes['/login'] = () => ({ status: 200, body: '<h1>Log in</h1>' });
    const { fetch } = open({
      isTokenRejected: ({ url, redirected }) => redirected && new URL(url).pathname === '/login',
    });
    expect(await (await fetch(`${api.origin}/orders`)).text()).toBe('orders');
    expect(server.refreshes).toBe(1);
  });

  test('the response to a second refusal is returned as it is', async () => {
    const { fetch } = open();
    await fetch(`${api.origin}/warm-up`);
    api.accepted = 'nobody’s';
    const response = await fetch(`${api.origin}/orders`);
    expect([response.status, await response.text()]).toEqual([401, 'no']);
    expect((await fetch(`${api.origin}/orders`)).status).toBe(401);
    expect(api.seen).toHaveLength(4);
    expect(server.refreshes).toBe(1);
  });

  test('the call fails with the error of an exchange that failed', async () => {
    const { fetch } = open({}, { onEvent: () => {} });
    await fetch(`${api.origin}/warm-up`);
    revokeFirstToken();
    server.revokeAll();
    server.password = 'changed';
    const failed = expect(fetch(`${api.origin}/orders`)).rejects.toMatchObject({
      code: 'invalid_credentials',
    });
    await vi.waitFor(() => expect(server.refreshes).toBe(1));
    await clock.advance(2_000);
    await failed;
  });

  test('a 401 from another origin after a redirect does not count against the token', async () => {
    api.routes['/moved'] = () => ({ status: 302, headers: { location: `${elsewhere.origin}/there` } });
    const { fetch } = open();
    const response = await fetch(`${api.origin}/moved`);
    expect(response.status).toBe(401);
    expect(elsewhere.seen[0]?.headers.authorization).toBeUndefined();
    expect(server.ledger).toHaveLength(1);
  });
});
