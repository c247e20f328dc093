import { beforeEach, describe, expect, test } from 'vitest';
import { createAuthSession } from '../src/index.js';
import type { FakeApi } from './support/fake-api.js';
import type { FakeServer } from './support/fake-server.js';
import { type FetchScene, startFetchScene } from './support/fetch-scene.js';
import type { ManualClock } from './support/manual-clock.js';

let api: FakeApi;
let open: FetchScene['open'];
let clock: ManualClock;
let server: FakeServer;

beforeEach(async () => {
  const started = await startFetchScene();
  ({ api, open, clock, server } = started);
  return started.stop;
});

describe('attaching the token', () => {
  test('the request carries the token, and the caller’s objects stay as they are', async () => {
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

  test('a provider’s rule that throws tells no token, and does not cost the caller the answer', async () => {
    const authorize = (headers: Headers, { accessToken }: { accessToken: string }) =>
      headers.set('x-token', `${accessToken}\n${accessToken}`);
    const failed = await open({ authorize })
      .fetch(`${api.origin}/orders`)
      .catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'invalid_response', detail: 'authorize threw TypeError' });
    expect(String(failed)).not.toContain('access-1');
    const faulty = (): never => {
      throw new Error('a fault in the provider');
    };
    api.routes['/missing'] = () => ({ status: 404 });
    const { fetch } = open({ isTokenRejected: faulty, preload: faulty });
    expect((await fetch(`${api.origin}/missing`)).status).toBe(404);
  });

  test('fetch takes a URL and a Request as well', async () => {
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

  test('the init given along with a Request wins over the Request', async () => {
    const { fetch } = open();
    const request = new Request(`${api.origin}/b`, {
      method: 'PUT',
      headers: { 'x-mine': '2' },
      body: 'old',
    });
    await fetch(request, { method: 'POST', headers: { 'x-mine': '3' }, body: 'new' });
    expect(api.seen[0]).toMatchObject({ method: 'POST', body: 'new', headers: { 'x-mine': '3' } });
  });

  test('getHeaders and attach serve clients that do not use fetch', async () => {
    const session = open();
    const headers = await session.getHeaders(`${api.origin}/x`);
    expect([...headers]).toEqual([['authorization', 'Bearer access-1']]);
    const own = new Headers();
    expect(session.attach(new URL(api.origin), own)).toBe(session.peek());
    expect(own.get('authorization')).toBe('Bearer access-1');
  });

  test('a provider may write headers of its own', async () => {
    const { fetch } = open({
      authorize: (headers, { accessToken }) => headers.set('x-token', accessToken),
      tokenHeaders: ['x-token'],
    });
    await fetch(`${api.origin}/orders`);
    expect(api.seen[0]?.headers['x-token']).toBe('access-1');
    expect(api.seen[0]?.headers.authorization).toBeUndefined();
  });

  test('a call that was aborted before it began neither waits nor sends', async () => {
    const { fetch } = open();
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(fetch(`${api.origin}/orders`, { signal })).rejects.toThrow('gone');
    await expect(fetch(new Request(`${api.origin}/orders`, { signal }))).rejects.toThrow('gone');
    expect(api.seen).toEqual([]);
    expect(server.ledger).toEqual([]);
  });
});

describe('the short way for an origin that was checked before', () => {
  test.each([
    'https://api.example.com.evil.example/x',
    'https://api.example.com@evil.example/x',
    'https://api.example.com:8443/x',
    'https://api.example.comevil/x',
    'https://api.example.com\\@evil.example/x',
    ' https://evil.example/https://api.example.com/',
  ])('%s is not mistaken for the checked origin', async (url) => {
    const asked: string[] = [];
    const fetch = async (input: unknown): Promise<Response> => {
      asked.push(new URL(String(input)).origin);
      return new Response(null);
    };
    const session = createAuthSession(server.provider(), { clock, fetch });
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
  ])('headers given as %s are sent as they are, except for the authorization', async (_, given, accept) => {
    const sent: Headers[] = [];
    const fetch = async (input: unknown, init?: RequestInit): Promise<Response> => {
      sent.push(new Request(String(input), init).headers);
      return new Response(null);
    };
    const session = createAuthSession(server.provider(), { clock, fetch });
    await session.fetch('https://api.example.com/x');
    const before = JSON.stringify([...new Headers(given)]);
    await session.fetch('https://api.example.com/x', { headers: given });
    expect(sent[1]?.get('authorization')).toBe('Bearer access-1');
    expect(sent[1]?.get('accept')).toBe(accept);
    expect(JSON.stringify([...new Headers(given)])).toBe(before);
  });
});
