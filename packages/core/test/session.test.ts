import { inspect } from 'node:util';
import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import { createAuthSession } from '../src/index.js';
import { hour } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { accessTokenOf, neverSent } from './support/fake-server.js';
import { openSession } from './support/open-session.js';
import { Scene } from './support/scene.js';

describe('getting a token', () => {
  test('the first call logs in, and the next calls use its token', async () => {
    const { session, server } = openSession();
    expect(await session.getAccessToken()).toBe('access-1');
    expect(await session.getAccessToken()).toBe('access-1');
    expect(accessTokenOf(await session.getTokens())).toBe('access-1');
    expect(server.ledger).toHaveLength(1);
  });

  test('every call returns the same promise while the token is fresh', async () => {
    const { session } = openSession();
    await session.getTokens();
    expect(session.getTokens()).toBe(session.getTokens());
    await session.getAccessToken();
    expect(session.getAccessToken()).toBe(session.getAccessToken());
  });

  test('a fresh token costs no call of the store or the server', async () => {
    const backend = new FakeBackend();
    const { session } = openSession({ store: backend.open({ lock: true }) });
    await session.getTokens();
    backend.calls = [];
    for (let call = 0; call < 100; call++) await session.getTokens();
    expect(backend.calls).toEqual([]);
  });

  test('a token of unknown lifetime is never refreshed by the clock', async () => {
    const { session, server, clock } = openSession({}, (fake) => {
      fake.lifetimeMs = undefined;
    });
    await session.getTokens();
    await clock.advance(1_000 * hour);
    expect(await session.getAccessToken()).toBe('access-1');
    expect(server.ledger).toHaveLength(1);
  });

  test('without credentials and tokens the call fails with reauthentication_required', async () => {
    const { session } = openSession({ provider: { password: null } });
    await expect(session.getTokens()).rejects.toMatchObject({
      code: 'reauthentication_required',
      retryable: false,
    });
  });

  test('without credentials a token that cannot be refreshed is served until it expires', async () => {
    const { session, clock } = openSession({
      provider: { password: null },
      initialTokens: { accessToken: 'given', expiresInMs: hour },
    });
    expect(await session.getAccessToken()).toBe('given');
    await clock.advance(0.9 * hour);
    expect(await session.getAccessToken()).toBe('given');
    await clock.advance(0.2 * hour);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'reauthentication_required' });
  });
});

describe('initial tokens', () => {
  hashQuickly();

  test('initial tokens are used and saved where the store holds nothing', async () => {
    const { session, server, clock, store } = openSession({
      initialTokens: { accessToken: 'given', expiresInMs: hour },
    });
    expect(await session.getAccessToken()).toBe('given');
    session.dispose();
    const next = openSession({ store, clock, initialTokens: { accessToken: 'other' } });
    expect(await next.session.getAccessToken()).toBe('given');
    expect(server.ledger).toHaveLength(0);
  });

  test('a refused sign-in leaves initial tokens alone', async () => {
    const scene = new Scene();
    const session = scene.open({ initialTokens: { accessToken: 'given', expiresInMs: hour } });
    await expect(session.signIn({ password: 'typo' })).rejects.toMatchObject({ code: 'invalid_credentials' });
    expect(await session.getAccessToken()).toBe('given');
    expect(scene.types()).not.toContain('store_recovered');
  });
});

describe('status and peek', () => {
  test('status tells what is known without an exchange', async () => {
    const { session, server, clock } = openSession();
    expect(await session.status()).toEqual({ state: 'idle' });
    const { expiresAt, issuedAt } = await session.getTokens();
    expect(await session.status()).toEqual({ state: 'signed_in', expiresAt, issuedAt });
    await clock.advance(2 * hour);
    server.next('refresh', () => {
      throw neverSent();
    });
    await session.getTokens().catch(() => {});
    expect(await session.status()).toMatchObject({ state: 'signed_in', retryAt: clock.now() + 1_000 });
    await session.signOut();
    expect(await session.status()).toEqual({
      state: 'signed_out',
      retryAt: clock.now() + 1_000,
      lastFailure: { code: 'network', at: clock.now() },
    });
  });

  test('status is idle once the token has expired and cannot be refreshed', async () => {
    const { session, clock } = openSession({}, (fake) => {
      fake.issuesRefreshTokens = false;
    });
    await session.getTokens();
    expect(await session.status()).toMatchObject({ state: 'signed_in' });
    await clock.advance(hour);
    expect(await session.status()).toEqual({ state: 'idle' });
  });

  test('the origins that it names are those that it checks, whatever becomes of the provider’s list', async () => {
    const { server } = openSession();
    const allowedOrigins = ['https://api.example.com'];
    const session = createAuthSession({ ...server.provider(), allowedOrigins });
    allowedOrigins.push('https://evil.example');
    expect(session.allowedOrigins).toEqual(['https://api.example.com']);
  });

  test('peek looks at memory only', async () => {
    const { session, clock } = openSession();
    expect(session.peek()).toBeUndefined();
    const tokens = await session.getTokens();
    await clock.advance(0.5 * hour);
    expect(session.peek()).toBe(tokens);
  });
});

describe('secrets', () => {
  test('util.inspect and JSON show no secret of a session', async () => {
    const { session, server } = openSession();
    await session.getTokens();
    const shown = inspect([session, server.provider()], {
      depth: Number.POSITIVE_INFINITY,
      showHidden: true,
    });
    for (const secret of ['correct horse', 'access-1', 'refresh-1']) expect(shown).not.toContain(secret);
    expect(JSON.stringify(session)).toBe('{}');
  });
});
