import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type AuthProvider, type AuthSessionOptions, createAuthSession } from '../src/index.js';
import type { FakeServer } from './support/fake-server.js';
import { Scene } from './support/setup.js';

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

/** A real API on loopback that accepts one access token. */
class Api {
  readonly seen: Seen[] = [];
  accepted = 'access-1';
  routes: Record<string, (seen: Seen) => Answer> = {};
  #server: Server | undefined;

  async start(): Promise<this> {
    this.#server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const seen: Seen = {
        method: request.method as string,
        path: request.url as string,
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
      };
      this.seen.push(seen);
      const route = this.routes[seen.path];
      const good = seen.headers.authorization === `Bearer ${this.accepted}`;
      const answer = route?.(seen) ?? { status: good ? 200 : 401, body: good ? 'welcome' : 'no' };
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${((this.#server as Server).address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }
}

let api: Api;
let elsewhere: Api;
let scene: Scene;
let server: FakeServer;

beforeEach(async () => {
  [api, elsewhere] = await Promise.all([new Api().start(), new Api().start()]);
  scene = new Scene();
  server = scene.server;
});

afterEach(() => Promise.all([api.stop(), elsewhere.stop()]));

function open(changes: Partial<AuthProvider> = {}, options: AuthSessionOptions = {}) {
  const provider = { ...server.provider(), allowedOrigins: [api.origin], ...changes };
  return createAuthSession(provider, { clock: scene.clock, ...options });
}

/** Fresh at the client, dead at the API. */
function revoke(): void {
  api.accepted = 'access-2';
}

describe('attaching', () => {
  test('the token goes out, and the caller’s objects stay as they are', async () => {
    const { fetch } = open();
    const headers = new Headers({ 'x-mine': '1' });
    const init = Object.freeze({ method: 'POST', headers, body: 'text' });
    const response = await fetch(`${api.origin}/orders`, init);
    expect(await response.text()).toBe('welcome');
    expect(api.seen[0]).toMatchObject({
      method: 'POST',
      path: '/orders',
      body: 'text',
      headers: {
        authorization: 'Bearer access-1',
        'x-mine': '1',
        'content-type': 'text/plain;charset=UTF-8',
      },
    });
    expect([...headers]).toEqual([['x-mine', '1']]);
  });

  test('it takes a URL and a Request as well', async () => {
    const { fetch } = open();
    expect((await fetch(new URL('/a', api.origin))).status).toBe(200);
    const request = new Request(`${api.origin}/b`, {
      method: 'PUT',
      headers: { 'x-mine': '2' },
      body: 'body',
    });
    expect((await fetch(request)).status).toBe(200);
    expect(request.headers.has('authorization')).toBe(false);
    expect(api.seen[1]).toMatchObject({ method: 'PUT', body: 'body', headers: { 'x-mine': '2' } });
  });

  test('the init of a Request wins over the Request', async () => {
    const { fetch } = open();
    const request = new Request(`${api.origin}/b`, {
      method: 'PUT',
      headers: { 'x-mine': '2' },
      body: 'old',
    });
    await fetch(request, { method: 'POST', headers: { 'x-mine': '3' }, body: 'new' });
    expect(api.seen[0]).toMatchObject({ method: 'POST', body: 'new', headers: { 'x-mine': '3' } });
  });

  test('getHeaders and attach serve clients that are not fetch', async () => {
    const session = open();
    const headers = await session.getHeaders(`${api.origin}/x`);
    expect([...headers]).toEqual([['authorization', 'Bearer access-1']]);
    const own = new Headers();
    expect(session.attach(new URL(api.origin), own)).toBe(session.peek());
    expect(own.get('authorization')).toBe('Bearer access-1');
  });

  test('a provider writes headers of its own', async () => {
    const { fetch } = open({
      authorize: (headers, { accessToken }) => headers.set('x-token', accessToken),
      tokenHeaders: ['x-token'],
    });
    await fetch(`${api.origin}/orders`);
    expect(api.seen[0]?.headers['x-token']).toBe('access-1');
    expect(api.seen[0]?.headers.authorization).toBeUndefined();
  });

  test('an aborted call neither waits nor sends', async () => {
    const { fetch } = open();
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(fetch(`${api.origin}/orders`, { signal })).rejects.toThrow('gone');
    await expect(fetch(new Request(`${api.origin}/orders`, { signal }))).rejects.toThrow('gone');
    expect(api.seen).toEqual([]);
    expect(server.ledger).toEqual([]);
  });
});

describe('where it may go', () => {
  test.each([
    'https://api.example.com.evil.example/x',
    'https://api.example.com@evil.example/x',
    'https://api.example.com:8443/x',
    'https://api.example.comevil/x',
    'https://api.example.com\\@evil.example/x',
    ' https://evil.example/https://api.example.com/',
  ])('once an origin was checked, %s is checked all the same', async (url) => {
    const asked: string[] = [];
    const fetch = async (input: unknown): Promise<Response> => {
      asked.push(new URL(String(input)).origin);
      return new Response(null);
    };
    const session = createAuthSession(server.provider(), { clock: scene.clock, fetch });
    await session.fetch('https://api.example.com/x');
    await session.fetch('https://api.example.com?x');
    await session.fetch(url).catch(() => {});
    expect(new Set(asked)).toEqual(new Set(['https://api.example.com']));
  });

  test.each<[string, HeadersInit, string | null]>([
    ['an object', { accept: 'text/plain' }, 'text/plain'],
    ['an object that names another authorization', { AUTHORIZATION: 'Basic x', accept: 'a/b' }, 'a/b'],
    ['Headers', new Headers({ authorization: 'Basic x', accept: 'a/b' }), 'a/b'],
    ['pairs', [['Authorization', 'Basic x']], null],
    ['an object without a prototype', Object.assign(Object.create(null), { accept: 'a/b' }), 'a/b'],
  ])(
    'once an origin was checked, headers given as %s keep all but the authorization',
    async (_, given, accept) => {
      const sent: Headers[] = [];
      const fetch = async (input: unknown, init?: RequestInit): Promise<Response> => {
        sent.push(new Request(String(input), init).headers);
        return new Response(null);
      };
      const session = createAuthSession(server.provider(), { clock: scene.clock, fetch });
      await session.fetch('https://api.example.com/x');
      const before = JSON.stringify([...new Headers(given)]);
      await session.fetch('https://api.example.com/x', { headers: given });
      expect(sent[1]?.get('authorization')).toBe('Bearer access-1');
      expect(sent[1]?.get('accept')).toBe(accept);
      expect(JSON.stringify([...new Headers(given)])).toBe(before);
    },
  );

  test('another origin is an error that says what to add, and sees nothing', async () => {
    const session = open();
    await expect(session.fetch(`${elsewhere.origin}/path?secret=1`)).rejects.toMatchObject({
      code: 'origin_not_allowed',
      message: `fake: the token must not go to this origin: add '${elsewhere.origin}' to allowedOrigins if the API lives there`,
    });
    expect(() => session.attach(elsewhere.origin, new Headers())).toThrow('allowedOrigins');
    await expect(session.getHeaders(elsewhere.origin)).rejects.toThrow('allowedOrigins');
    expect(elsewhere.seen).toEqual([]);
    expect(server.ledger).toEqual([]);
  });

  test.each([
    ['https://api.example.com/x', true],
    ['https://api.example.com:443/x', true],
    ['https://API.EXAMPLE.COM', true],
    ['https://a.wild.example.com/x', true],
    ['https://wild.example.com/x', false],
    ['https://a.b.wild.example.com/x', false],
    ['https://evilwild.example.com/x', false],
    ['https://a.wild.example.com.evil.example/x', false],
    ['https://api.example.com.evil.example/x', false],
    ['https://api.example.com:8443/x', false],
    ['https://api.example.com@evil.example/x', false],
    ['https://wild.example.com:8443/x', false],
    ['data:text/plain,x', false],
  ])('%s: %s', async (url, allowed) => {
    const session = createAuthSession(server.provider(), { clock: scene.clock });
    const outcome = await session.getHeaders(url).then(
      () => true,
      ({ code }) => code,
    );
    expect(outcome).toBe(allowed ? true : 'origin_not_allowed');
  });

  test.each([
    ['http://api.example.com', 'insecure_url'],
    ['http://lan.example.com:8080', true],
    ['http://localhost:1', true],
    ['http://a.localhost', true],
    ['http://127.8.9.1', true],
    ['http://[::1]:5', true],
    ['http://127.0.0.1.example.com', 'insecure_url'],
  ])('plain http to %s: %s', async (origin, expected) => {
    const session = open(
      { allowedOrigins: [origin] },
      { allowInsecureOrigins: ['http://lan.example.com:8080'] },
    );
    const outcome = await session.getHeaders(`${origin}/x`).then(
      () => true,
      ({ code }) => code,
    );
    expect(outcome).toBe(expected);
  });
});

describe('a token that the API refuses', () => {
  test.each([
    ['nothing', undefined],
    ['a string', 'payload'],
    ['URLSearchParams', new URLSearchParams({ a: 'b' })],
    ['a Blob', new Blob(['payload'])],
    ['bytes', new TextEncoder().encode('payload')],
    ['a buffer', new TextEncoder().encode('payload').buffer],
  ])('a body that is %s is replayed once with the new token', async (_, body) => {
    const { fetch } = open();
    await fetch(`${api.origin}/warm-up`);
    revoke();
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

  test('FormData is replayed under a boundary of its own', async () => {
    const { fetch } = open();
    await fetch(`${api.origin}/warm-up`);
    revoke();
    const body = new FormData();
    body.set('file', new Blob(['content']), 'name.txt');
    expect((await fetch(`${api.origin}/upload`, { method: 'POST', body })).status).toBe(200);
    const replayed = api.seen[2] as Seen;
    const form = await new Response(replayed.body, {
      headers: { 'content-type': replayed.headers['content-type'] as string },
    }).formData();
    expect(await (form.get('file') as File).text()).toBe('content');
  });

  test('a Request with a body is replayed', async () => {
    const { fetch } = open();
    await fetch(`${api.origin}/warm-up`);
    revoke();
    const response = await fetch(new Request(`${api.origin}/orders`, { method: 'POST', body: 'payload' }));
    expect(response.status).toBe(200);
    expect(api.seen[2]).toMatchObject({ body: 'payload', headers: { authorization: 'Bearer access-2' } });
  });

  test('a stream is not: the 401 comes back, and the next call has a new token', async () => {
    const { fetch } = open();
    await fetch(`${api.origin}/warm-up`);
    revoke();
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

  test('refused again, the response is returned as it is', async () => {
    const { fetch } = open();
    await fetch(`${api.origin}/warm-up`);
    api.accepted = 'nobody’s';
    const response = await fetch(`${api.origin}/orders`);
    expect([response.status, await response.text()]).toEqual([401, 'no']);
    expect((await fetch(`${api.origin}/orders`)).status).toBe(401);
    expect(api.seen).toHaveLength(4);
    expect(server.refreshes).toBe(1);
  });

  test('an exchange that fails is the call’s error', async () => {
    const { fetch } = open({}, { onEvent: () => {} });
    await fetch(`${api.origin}/warm-up`);
    revoke();
    server.revokeAll();
    server.password = 'changed';
    const failed = expect(fetch(`${api.origin}/orders`)).rejects.toMatchObject({
      code: 'invalid_credentials',
    });
    await vi.waitFor(() => expect(server.refreshes).toBe(1));
    await scene.clock.advance(2_000);
    await failed;
  });

  test('a 401 behind a redirect to another origin is none of the token’s', async () => {
    api.routes['/moved'] = () => ({ status: 302, headers: { location: `${elsewhere.origin}/there` } });
    const { fetch } = open();
    const response = await fetch(`${api.origin}/moved`);
    expect(response.status).toBe(401);
    expect(elsewhere.seen[0]?.headers.authorization).toBeUndefined();
    expect(server.ledger).toHaveLength(1);
  });
});

describe('redirects with a token in a header of its own', () => {
  const own = {
    authorize: (headers: Headers, { accessToken }: { accessToken: string }) => {
      headers.set('authorization', `Bearer ${accessToken}`);
      headers.set('x-token', accessToken);
    },
    tokenHeaders: ['Authorization', 'x-token'],
  };
  const to = (location: string, status = 302) => ({ status, headers: { location } });

  test('they are followed within the allowed origins', async () => {
    api.routes['/a'] = () => to('/b', 307);
    api.routes['/b'] = () => to(`${elsewhere.origin}/c`);
    const { fetch } = open({ ...own, allowedOrigins: [api.origin, elsewhere.origin] });
    expect((await fetch(`${api.origin}/a`)).status).toBe(200);
    expect(elsewhere.seen[0]?.headers['x-token']).toBe('access-1');
  });

  test('beyond them they are an error, and nothing is sent there', async () => {
    api.routes['/a'] = () => to(`${elsewhere.origin}/c`);
    await expect(open(own).fetch(`${api.origin}/a`)).rejects.toMatchObject({ code: 'origin_not_allowed' });
    expect(elsewhere.seen).toEqual([]);
  });

  test('on Workers, whose redirects may carry any header, Authorization is such a one', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' });
    onTestFinished(() => void vi.unstubAllGlobals());
    api.routes['/a'] = () => to('/b', 307);
    api.routes['/b'] = () => to(`${elsewhere.origin}/c`);
    const { fetch } = open();
    for (const _ of ['the first', 'one with the origin checked']) {
      await expect(fetch(`${api.origin}/a`)).rejects.toMatchObject({ code: 'origin_not_allowed' });
    }
    expect(api.seen.map(({ path }) => path)).toEqual(['/a', '/b', '/a', '/b']);
    expect(elsewhere.seen).toEqual([]);
  });

  test.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [302, 'PUT', 'PUT', 'payload'],
    [307, 'POST', 'POST', 'payload'],
    [308, 'PUT', 'PUT', 'payload'],
  ])('%i makes of %s a %s', async (status, method, expectedMethod, expectedBody) => {
    api.routes['/a'] = () => to('/b', status);
    const { fetch } = open(own);
    await fetch(`${api.origin}/a`, { method, body: 'payload', headers: { 'content-type': 'text/x' } });
    expect(api.seen[1]).toMatchObject({ method: expectedMethod, body: expectedBody });
    expect(api.seen[1]?.headers['content-type']).toBe(expectedBody === '' ? undefined : 'text/x');
    await fetch(new Request(`${api.origin}/a`, { method, body: 'payload' }));
    expect(api.seen[3]).toMatchObject({ method: expectedMethod, body: expectedBody });
  });

  test('a GET that a redirect made stays one', async () => {
    api.routes['/a'] = () => to('/b', 303);
    api.routes['/b'] = () => to('/c', 307);
    await open(own).fetch(`${api.origin}/a`, { method: 'POST', body: 'payload' });
    expect(api.seen[2]).toMatchObject({ method: 'GET', path: '/c', body: '' });
  });

  test('the caller’s own redirect mode is kept', async () => {
    api.routes['/a'] = () => to('/b');
    const { fetch } = open(own);
    expect((await fetch(`${api.origin}/a`, { redirect: 'manual' })).status).toBe(302);
    expect((await fetch(new Request(`${api.origin}/a`, { redirect: 'manual' }))).status).toBe(302);
    await expect(fetch(`${api.origin}/a`, { redirect: 'error' })).rejects.toThrow(TypeError);
  });

  test('a chain without end, a stream, and a redirect to nowhere', async () => {
    api.routes['/loop'] = () => to('/loop');
    api.routes['/keep'] = () => to('/b', 307);
    api.routes['/nowhere'] = () => ({ status: 302 });
    const { fetch } = open(own);
    await expect(fetch(`${api.origin}/loop`)).rejects.toThrow('too many redirects');
    const body = new Blob(['once']).stream();
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    await expect(fetch(`${api.origin}/keep`, init)).rejects.toThrow('streamed body');
    expect((await fetch(`${api.origin}/nowhere`)).status).toBe(302);
  });

  test('where the platform hides the redirect it is an error', async () => {
    const opaque = Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' });
    const session = open(own, { fetch: async () => opaque });
    await expect(session.fetch(`${api.origin}/a`)).rejects.toMatchObject({ code: 'origin_not_allowed' });
  });

  test('a refusal at the end of a chain is replayed from its start', async () => {
    api.routes['/a'] = () => to('/b', 307);
    const { fetch } = open(own);
    await fetch(`${api.origin}/warm-up`);
    revoke();
    expect((await fetch(`${api.origin}/a`)).status).toBe(200);
    expect(api.seen.map(({ path }) => path)).toEqual(['/warm-up', '/a', '/b', '/a', '/b']);
  });
});
