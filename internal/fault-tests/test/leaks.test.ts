import { inspect } from 'node:util';
import type { AuthError, AuthEvent, TokenStore } from '@auth/core';
import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import { Scene } from './support/scene.js';
import { bearerLogin, passwordRefresh, vendors } from './support/vendors.js';

hashQuickly();

/** Everything that a program might print of a value. */
function shown(value: unknown): string {
  const parts = [
    inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }),
    JSON.stringify(value) ?? '',
    String(value),
  ];
  for (
    let error = value as Error | undefined;
    error instanceof Error;
    error = error.cause as Error | undefined
  ) {
    parts.push(error.message, error.stack ?? '');
  }
  return parts.join('\n');
}

function urlOf(input: string | URL | Request): string {
  return input instanceof Request ? input.url : String(input);
}

const password = 'canary-password';
const tokens = {
  access_token: 'canary-access',
  token: 'canary-access',
  refresh_token: 'canary-refresh',
  refreshToken: 'canary-refresh',
};

/** A store whose errors quote its arguments, as the errors of drivers do. */
class TalkativeStore implements TokenStore {
  readonly #inner: TokenStore;
  fails: keyof TokenStore | undefined;
  constructor(inner: TokenStore) {
    this.#inner = inner;
  }
  async get(key: string) {
    const record = await this.#inner.get(key);
    if (this.fails === 'get') throw Object.assign(new Error(`GET ${record?.value}`), { record });
    return record;
  }
  async compareAndSet(
    key: string,
    expectedId: string | undefined,
    next: Parameters<TokenStore['compareAndSet']>[2],
  ) {
    if (this.fails === 'compareAndSet') throw Object.assign(new Error(`SET ${next.value}`), { args: [next] });
    return this.#inner.compareAndSet(key, expectedId, next);
  }
}

describe.each(vendors)('$name', (vendor) => {
  test('no error, event, log line or session shows a password, a secret, a token or a body', {
    tags: ['fault-76'],
  }, async () => {
    const scene = new Scene(vendor);
    scene.server.addAccount('ada@example.com', password);
    const store = new TalkativeStore(scene.store());
    const events: AuthEvent[] = [];
    const errors: AuthError[] = [];
    const options = {
      store,
      password: () => password,
      onEvent: (event: AuthEvent) => void events.push(event),
    };
    const session = scene.open(options);
    const record = async (work: Promise<unknown>): Promise<void> => {
      await work.catch((error: AuthError) => errors.push(error));
      await scene.clock.advance(20 * 60_000);
    };
    const attempt = (work: () => Promise<unknown>): Promise<void> => record(scene.run(work()));
    const withTokens = { body: { ...tokens, success: true, expires_in: 60, tokenLifetime: 60 } };

    scene.server.answerNext(withTokens);
    await attempt(() => session.getTokens());
    for (const answer of [
      { status: 400, body: 'canary-body' },
      { status: 401, body: '<html>canary-body' },
      { status: 403, body: { detail: 'canary-body' } },
      { status: 200, body: { ...tokens, access_token: 'canary access', token: 'canary access' } },
      { status: 200, body: { error: 'canary-body' } },
      { status: 200, body: '{"access_token":"canary-body' },
      { status: 429, body: 'canary-body', headers: { 'retry-after': '1' } },
      { status: 500, body: 'canary-body' },
      { status: 302, headers: { location: 'https://canary-body.example/' } },
    ]) {
      scene.server.answerNext({ ...answer, times: vendor.refreshes ? 2 : 1 });
      await attempt(() => session.getTokens({ forceRefresh: true }));
    }
    scene.server.dropNext(2);
    await attempt(() => session.getTokens({ forceRefresh: true }));
    for (const operation of ['get', 'compareAndSet'] as const) {
      store.fails = operation;
      await attempt(() => session.getTokens({ forceRefresh: true }));
      await attempt(() => session.signOut());
      await attempt(() => session.status());
      store.fails = undefined;
      scene.server.answerNext(withTokens);
      await attempt(() => session.signIn({ password }));
    }
    scene.server.reset();
    scene.server.addAccount('ada@example.com', 'another');
    // A refused password is hashed in real time, outside of the manual clock.
    await record(session.signIn());
    await record(session.signIn({ password: 'canary-password-typed' }));
    await attempt(() =>
      session.fetch(`${scene.server.apiUrl.replace('127.0.0.1', '127.0.0.2')}?q=canary-query`),
    );
    await attempt(() => session.signOut());
    await attempt(() => session.getTokens());
    const failing = scene.open({
      ...options,
      key: 'other',
      password: () => Promise.reject(new Error(password)),
    });
    await attempt(() => failing.getTokens());
    session.dispose();
    await attempt(() => session.getTokens());

    const codes = new Set(errors.map(({ code }) => code));
    for (const code of [
      'invalid_response',
      'rate_limited',
      'store_failed',
      'invalid_credentials',
      'origin_not_allowed',
      'signed_out',
      'credentials_unavailable',
      'disposed',
    ] as const) {
      expect(codes).toContain(code);
    }
    const kinds = new Set(events.map(({ type }) => type));
    for (const kind of ['login', 'exchange_failed', 'store_failed', 'login_blocked', 'signed_out'] as const) {
      expect(kinds).toContain(kind);
    }
    const all = [...errors, ...events, session, failing, scene.events].map(shown).join('\n');
    expect(all).not.toContain('canary');
    expect(all).not.toContain('emulated-client-secret');
  });

  test('the POST to a token endpoint refuses redirects', { tags: ['fault-77'] }, async () => {
    const scene = new Scene(vendor);
    const requested: string[] = [];
    const session = scene.open({
      fetch: async (input, init) => {
        requested.push(urlOf(input));
        return scene.emulator.fetch(input, init);
      },
    });
    scene.server.answerNext({ status: 307, headers: { location: `${scene.emulator.url}/elsewhere` } });
    expect(await scene.failure(session.getTokens())).toMatchObject({ code: 'invalid_response', status: 307 });
    expect(requested.some((url) => url.includes('elsewhere'))).toBe(false);
  });

  test('a URL at another origin gets an error, and no token', { tags: ['fault-78'] }, async () => {
    const scene = new Scene(vendor);
    const session = scene.open();
    await session.getTokens();
    for (const url of [
      'https://elsewhere.example/',
      'https://127.0.0.1.evil.example/',
      'http://localhost:1/',
    ]) {
      await expect(session.fetch(url)).rejects.toMatchObject({ code: 'origin_not_allowed' });
    }
  });

  test('credentials are never in a URL', { tags: ['fault-79'] }, async () => {
    const scene = new Scene(vendor);
    const urls: string[] = [];
    const session = scene.open({
      fetch: (input, init) => {
        urls.push(urlOf(input));
        return scene.emulator.fetch(input, init);
      },
    });
    await session.fetch(scene.server.apiUrl);
    const { accessToken, refreshToken } = (await session.getTokens({ forceRefresh: true })) as {
      accessToken: string;
      refreshToken: string;
    };
    for (const secret of ['correct-horse', 'emulated-client-secret', accessToken, refreshToken]) {
      expect(urls.join(' ')).not.toContain(secret);
    }
    expect(urls.length).toBeGreaterThanOrEqual(3);
  });

  test('one account’s token never serves another', { tags: ['fault-81'] }, async () => {
    const scene = new Scene(vendor);
    const store = scene.store();
    const seen = new Map<string, string>();
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const username = `user-${index}`;
        scene.server.addAccount(username, 'x');
        const token = await scene.open({ store, username, password: 'x' }).getAccessToken();
        expect(seen.get(token)).toBeUndefined();
        seen.set(token, username);
      }),
    );
    expect(scene.ledger.logins).toBe(20);
  });
});

test('no token, under any header, follows a redirect to another origin', { tags: ['fault-77'] }, async () => {
  const scene = new Scene(bearerLogin);
  const outside: string[] = [];
  const session = scene.open({
    fetch: async (input, init) => {
      if (!urlOf(input).startsWith(scene.emulator.url)) outside.push(urlOf(input));
      return scene.emulator.fetch(input, init);
    },
  });
  await session.getTokens();
  scene.server.answerNext({ on: 'api', status: 302, headers: { location: 'https://elsewhere.example/' } });
  await expect(session.fetch(scene.server.apiUrl)).rejects.toMatchObject({ code: 'origin_not_allowed' });
  expect(outside).toEqual([]);
});

test('control characters in error_description cannot forge log lines', { tags: ['fault-80'] }, async () => {
  const scene = new Scene(passwordRefresh);
  const session = scene.open({ key: 'user\n2026-01-01 ERROR forged line' });
  const body = { error: 'x', error_description: 'denied\r\n2026-01-01 INFO forged line\u001b[2J' };
  scene.server.answerNext({ status: 400, body, times: 2 });
  const error = await scene.failure(session.getTokens());
  expect(error.message).not.toMatch(/forged line/);
  for (const event of scene.events)
    for (const value of Object.values(event)) expect(String(value)).not.toMatch(/[\r\n]/);
});
