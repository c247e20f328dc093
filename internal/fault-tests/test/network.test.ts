import type { FetchLike } from '@auth/core';
import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import { hour, minute, Scene } from './support/scene.js';
import { bearerLogin, joor, jwtLogin, passwordRefresh, vendors } from './support/vendors.js';

const broken = (code: string) =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });

/** A network that fails when told to. */
function cable(scene: Scene): { readonly fetch: FetchLike; cut: string | undefined; requests: number } {
  const network = {
    cut: undefined as string | undefined,
    requests: 0,
    fetch: async (input: Parameters<FetchLike>[0], init?: RequestInit) => {
      network.requests++;
      if (network.cut !== undefined) throw broken(network.cut);
      return scene.emulator.fetch(input, init);
    },
  };
  return network;
}

hashQuickly();

describe.each(vendors)('$name', (vendor) => {
  const again = vendor.refreshes ? 'refresh issued' : 'login issued';

  test.each(['ENOTFOUND', 'ECONNREFUSED', 'EAI_AGAIN'])(
    '%s: the session is kept, and recovers',
    { tags: ['fault-52'] },
    async (code) => {
      const scene = new Scene(vendor);
      const network = cable(scene);
      const session = scene.open({ fetch: network.fetch });
      await session.getTokens();
      await scene.expire();
      network.cut = code;
      expect(await scene.failure(session.getTokens())).toMatchObject({
        code: 'network',
        delivery: 'not_sent',
      });
      network.cut = undefined;
      await scene.clock.advance(minute);
      await scene.run(session.getTokens());
      expect(scene.calls).toEqual(['login issued', again]);
    },
  );

  test.each([500, 502, 503])(
    '%i: the session is kept, and recovers',
    { tags: ['fault-52'] },
    async (status) => {
      const scene = new Scene(vendor);
      const session = scene.open();
      await session.getTokens();
      await scene.expire();
      scene.server.answerNext({ status, times: vendor.refreshes ? 2 : 1 });
      expect(await scene.failure(session.getTokens())).toMatchObject({ code: 'server_unavailable', status });
      await scene.clock.advance(hour);
      await scene.run(session.getTokens());
      expect(scene.calls.at(-1)).toBe(again);
    },
  );

  test('if an advisory refresh fails, the token that still lives is served', {
    tags: ['fault-53'],
  }, async () => {
    const scene = new Scene(vendor);
    const session = scene.open();
    const tokens = await session.getTokens();
    await scene.clock.advance(0.9 * ((tokens.expiresAt as number) - tokens.issuedAt));
    scene.server.answerNext({ status: 500, times: 100 });
    for (let call = 0; call < 5; call++) {
      expect((await session.fetch(scene.server.apiUrl)).status).toBe(200);
      await scene.clock.advance(500);
    }
    expect(session.peek()).toBe(tokens);
    expect(scene.events.map(({ type }) => type)).toContain('background_failed');
  });

  test('a 429 starts a cool-down as long as Retry-After, and the session is kept', {
    tags: ['fault-54'],
  }, async () => {
    const scene = new Scene(vendor);
    const session = scene.open();
    await session.getTokens();
    await scene.expire();
    scene.server.answerNext({ status: 429, headers: { 'retry-after': '120' } });
    const error = await scene.failure(session.getTokens());
    expect(error).toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 120_000,
      retryAt: scene.clock.now() + 120_000,
    });
    for (let second = 0; second < 119; second += 7) {
      await scene.failure(session.getTokens());
      await scene.clock.advance(7_000);
    }
    await scene.clock.advance(7_000);
    await scene.run(session.getTokens());
    const between = vendor.refreshes ? 'refresh scripted' : 'login scripted';
    expect(scene.calls).toEqual(['login issued', between, again]);
  });

  test('a token endpoint that stalls runs into our deadline, which ends the flight', {
    tags: ['fault-56'],
  }, async () => {
    const scene = new Scene(vendor);
    scene.server.set({ delayBeforeCommitMs: hour });
    const session = scene.open();
    const startedAt = scene.clock.now();
    expect(await scene.failure(session.getTokens())).toMatchObject({ code: 'timeout', delivery: 'unknown' });
    expect(scene.clock.now() - startedAt).toBe(10_000);
    scene.server.set({ delayBeforeCommitMs: 0 });
    await scene.clock.advance(2_000);
    expect(await scene.run(session.getAccessToken())).toBeTypeOf('string');
  });

  test('an exchange is not replayed after a reset connection', {
    tags: ['fault-57'],
  }, async () => {
    const scene = new Scene(vendor);
    const network = cable(scene);
    network.cut = 'ECONNRESET';
    const session = scene.open({ fetch: network.fetch });
    expect(await scene.failure(session.getTokens())).toMatchObject({ code: 'network', delivery: 'unknown' });
    expect(network.requests).toBe(1);
  });

  test('a 401 after a successful refresh causes exactly one replay', { tags: ['fault-59'] }, async () => {
    const scene = new Scene(vendor);
    const session = scene.open();
    await session.getTokens();
    scene.ledger.clear();
    scene.server.answerNext({ on: 'api', status: 401, times: 10 });
    expect((await session.fetch(scene.server.apiUrl)).status).toBe(401);
    expect(scene.ledger.tokenCalls).toBe(1);
    expect((await session.fetch(scene.server.apiUrl)).status).toBe(401);
    expect(scene.ledger.tokenCalls).toBe(1);
  });

  test.each([401, 403])(
    'a %i for a missing scope causes no refresh',
    { tags: ['fault-60'] },
    async (status) => {
      const scene = new Scene(vendor);
      const session = scene.open();
      await session.getTokens();
      const headers = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"' };
      scene.server.answerNext({ on: 'api', status, headers, times: 10 });
      for (let call = 0; call < 5; call++)
        expect((await session.fetch(scene.server.apiUrl)).status).toBe(status);
      expect(scene.calls).toEqual(['login issued']);
    },
  );

  test('a fresh token that is refused for some seconds causes back-off, not refresh after refresh', {
    tags: ['fault-61'],
  }, async () => {
    const scene = new Scene(vendor);
    const session = scene.open();
    await session.getTokens();
    scene.server.answerNext({ on: 'api', status: 401, times: 1_000 });
    for (let second = 0; second < 60; second++) {
      await session.fetch(scene.server.apiUrl);
      await scene.clock.advance(1_000);
    }
    // At once, after 10 s, and after 20 s more; the next would come 40 s later.
    expect(scene.ledger.tokenCalls - 1).toBe(3);
  });

  test('a wrong password is sent once, and latched until the password changes', {
    tags: ['fault-62'],
  }, async () => {
    const scene = new Scene(vendor);
    scene.server.set({ lockAfter: 3 });
    let password = 'wrong';
    const session = scene.open({ password: () => password });
    const codes = await Promise.all(
      Array.from({ length: 10 }, () => session.getTokens().catch(({ code }) => code)),
    );
    expect(new Set(codes)).toEqual(new Set(['invalid_credentials']));
    for (let call = 0; call < 20; call++) {
      await scene.clock.advance(minute);
      await expect(session.fetch(scene.server.apiUrl)).rejects.toMatchObject({ code: 'login_blocked' });
    }
    expect(scene.calls).toEqual(['login refused']);
    password = 'correct-horse';
    await scene.clock.advance(minute);
    expect((await session.fetch(scene.server.apiUrl)).status).toBe(200);
    expect(scene.calls).toEqual(['login refused', 'login issued']);
  });

  test('the call after a rejected call tries again', { tags: ['fault-63'] }, async () => {
    const scene = new Scene(vendor);
    const session = scene.open();
    scene.server.answerNext({ status: 500 });
    await scene.failure(session.getTokens());
    await scene.clock.advance(1_000);
    expect(await scene.run(session.getAccessToken())).toBeTypeOf('string');
  });

  test('a background failure causes no unhandled rejection', { tags: ['fault-86'] }, async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listen);
    const scene = new Scene(vendor);
    const session = scene.open({ scheduler: undefined, keepAlive: true });
    await session.getTokens();
    scene.server.answerNext({ status: 500, times: 100 });
    await scene.clock.advance(20 * hour);
    session.dispose();
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
  });

  test('a request with a stream body gets its 401 returned', { tags: ['fault-87'] }, async () => {
    const scene = new Scene(vendor);
    const session = scene.open();
    await session.getTokens();
    scene.server.revokeAccessTokens();
    const init = { method: 'POST', body: new Blob(['once']).stream(), duplex: 'half' } as RequestInit;
    expect([401, 403]).toContain((await session.fetch(scene.server.apiUrl, init)).status);
    expect((await session.fetch(scene.server.apiUrl)).status).toBe(200);
  });
});

test.each([
  ['2147484 seconds', '2147484'],
  ['a date in 2035', 'Mon, 01 Jan 2035 00:00:00 GMT'],
])('Retry-After of %s is capped at a quarter of an hour', { tags: ['fault-55'] }, async (_, value) => {
  const scene = new Scene(passwordRefresh);
  const session = scene.open();
  scene.server.answerNext({ status: 503, headers: { 'retry-after': value }, times: 100 });
  const error = await scene.failure(session.getTokens());
  expect(error).toMatchObject({ code: 'rate_limited', retryAt: scene.clock.now() + 15 * minute });
  for (let call = 0; call < 100; call++) await scene.failure(session.getTokens());
  expect(scene.ledger.tokenCalls).toBe(1);
});

test('a refresh token whose answer was lost is sent again promptly or not at all', {
  tags: ['fault-58'],
}, async () => {
  const scene = new Scene(jwtLogin);
  const session = scene.open();
  await session.getTokens();
  await scene.expire();
  scene.ledger.clear();
  scene.server.answerNext({ status: 502, times: 2 });
  await scene.failure(session.getTokens());
  const [first, second] = scene.ledger.entries.map(({ at }) => at) as [number, number];
  expect(second - first).toBeGreaterThanOrEqual(200);
  expect(second - first).toBeLessThanOrEqual(1_000);
  for (let call = 0; call < 50; call++) await session.getTokens().catch(() => {});
  expect(scene.ledger.tokenCalls).toBe(2);
});

test('a 403 that TeleTracker’s rule reads as a refusal costs one exchange, not one per call', {
  tags: ['fault-60'],
}, async () => {
  const scene = new Scene(bearerLogin);
  const session = scene.open();
  await session.getTokens();
  scene.server.answerNext({ on: 'api', status: 403, times: 100 });
  for (let call = 0; call < 20; call++) expect((await session.fetch(scene.server.apiUrl)).status).toBe(403);
  expect(scene.calls).toEqual(['login issued', 'refresh issued']);
});

test('verifyCredentials passes the login guard', { tags: ['fault-62'] }, async () => {
  const scene = new Scene(bearerLogin);
  const session = scene.open() as ReturnType<typeof scene.open> & {
    verifyCredentials(options?: { password?: string }): Promise<boolean>;
  };
  expect(await session.verifyCredentials()).toBe(true);
  expect(await session.verifyCredentials({ password: 'wrong' })).toBe(false);
  await expect(session.verifyCredentials({ password: 'wrong' })).rejects.toMatchObject({
    code: 'login_blocked',
  });
  expect(session.peek()).toBeUndefined();
  expect(scene.calls).toEqual(['verify verified', 'verify refused']);
});

test('after Keycloak ended the sessions of a fleet, each logs in once, staggered', {
  tags: ['fault-89'],
}, async () => {
  const fleet = Array.from({ length: 10 }, (_, index) => index / 10);
  const scene = new Scene(vendors[1] as (typeof vendors)[number]);
  const sessions = fleet.map((share, index) => {
    scene.server.addAccount(`user-${index}`, 'x');
    return scene.open({ username: `user-${index}`, password: 'x', random: () => share });
  });
  await Promise.all(sessions.map((session) => session.getTokens()));
  await scene.expire();
  scene.server.endSessions();
  scene.ledger.clear();
  await scene.run(Promise.all(sessions.map((session) => session.getTokens())));
  const logins = scene.ledger.entries.filter(({ endpoint }) => endpoint === 'login').map(({ at }) => at);
  expect(scene.ledger.refreshes).toBe(10);
  expect(logins).toHaveLength(10);
  expect(Math.max(...logins) - Math.min(...logins)).toBeGreaterThan(1_000);
});

test('Keycloak’s refresh_expires_in 0 is an unknown lifetime, not an expired or an endless one', {
  tags: ['fault-90'],
}, async () => {
  const scene = new Scene(joor);
  scene.server.answerNext({
    body: { access_token: 'a', refresh_token: 'r', expires_in: 36_000, refresh_expires_in: 0 },
  });
  const store = scene.store();
  const session = scene.open({ store, key: 'key' });
  expect(await session.getTokens()).not.toHaveProperty('refreshExpiresAt');
  expect(await store.get('key')).not.toHaveProperty('evictAt');
});
