import { beforeEach, describe, expect, test } from 'vitest';
import { createAuthSession, parseBaseUrl } from '../src/index.js';
import type { FakeApi } from './support/fake-api.js';
import type { FakeServer } from './support/fake-server.js';
import { type FetchScene, startFetchScene } from './support/fetch-scene.js';
import type { ManualClock } from './support/manual-clock.js';

let elsewhere: FakeApi;
let open: FetchScene['open'];
let clock: ManualClock;
let server: FakeServer;

beforeEach(async () => {
  const started = await startFetchScene();
  ({ elsewhere, open, clock, server } = started);
  return started.stop;
});

describe('where the token may go', () => {
  test('a foreign origin is told what to add to which, and receives nothing', async () => {
    const session = open();
    await expect(session.fetch(`${elsewhere.origin}/path?secret=1`)).rejects.toMatchObject({
      code: 'origin_not_allowed',
      message: `fake: the token must not go to this origin: allowedOrigins is [${session.allowedOrigins}]: add '${elsewhere.origin}' if the API lives there`,
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
    ['blob:https://api.example.com/8a1b', false],
    ['ftp://api.example.com/x', false],
    ['ws://api.example.com/x', false],
  ])('the token may go to %s: %s', async (url, allowed) => {
    const session = createAuthSession(server.provider(), { clock });
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
    ['http://a.localhost', 'insecure_url'],
    ['http://localhost.', 'insecure_url'],
    ['http://127.8.9.1', true],
    ['http://[::1]:5', true],
    ['http://127.0.0.1.example.com', 'insecure_url'],
  ])('the token may go over plain http to %s: %s', async (origin, expected) => {
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

describe('origins that would let the token go too far', { tags: ['fault-137'] }, () => {
  test.each([
    'https://*.com',
    'https://*.com.',
    'https://*.duckdns.org',
    'https://*.co.uk',
    'https://*.com.au',
    'https://*.co.uk:8443',
    'https://*.co.uk.',
    'https://*.github.io',
    'https://*.herokuapp.com',
    'https://*.azurewebsites.net',
    'https://*.workers.dev',
    'https://*.vercel.app',
    'blob:https://api.example.com/8a1b',
    'https://*',
    'https://*.*.example.com',
  ])('%s is refused', (origin) => {
    expect(() => createAuthSession({ ...server.provider(), allowedOrigins: [origin] })).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
  });

  test.each([
    'https://*.example.co.uk',
    'https://*.acme.github.io',
    'https://*.api.example.com',
    'https://co.uk',
  ])('%s is taken', (origin) => {
    expect(() => createAuthSession({ ...server.provider(), allowedOrigins: [origin] })).not.toThrow();
  });

  test('a list that its owner changes after the construction stays as it was', async () => {
    const allowedOrigins = ['https://api.example.com'];
    const allowInsecureOrigins = ['http://lan.example.com'];
    const session = open({ allowedOrigins }, { allowInsecureOrigins });
    allowedOrigins.push(elsewhere.origin, 'http://lan.example.net');
    allowInsecureOrigins.push('http://lan.example.net');
    for (const origin of [elsewhere.origin, 'http://lan.example.net'])
      await expect(session.getHeaders(origin)).rejects.toMatchObject({ provider: 'fake' });
    allowedOrigins.length = 0;
    expect((await session.getHeaders('https://api.example.com/')).has('authorization')).toBe(true);
  });
});

describe('parseBaseUrl', () => {
  test('the error names the option and not its value', () => {
    expect(parseBaseUrl('baseUrl', 'https://x.example/a').href).toBe('https://x.example/a');
    for (const wrong of [undefined, 7, 'x', 'https://u:p@x.example']) {
      expect(() => parseBaseUrl('baseUrl', wrong)).toThrow('baseUrl: expected an http(s) URL');
    }
  });
});
