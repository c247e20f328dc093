import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import { AuthError, type AuthEvent, type AuthProvider, verifyLogin } from '../src/index.js';
import * as limits from '../src/limits.js';
import { hour, minute } from './support/durations.js';
import { errorCodeOf } from './support/error-code.js';
import { loginScene } from './support/login-scene.js';
import { openSession } from './support/open-session.js';
import { Scene } from './support/scene.js';

describe('passwords that persons type', () => {
  hashQuickly();

  test('sixty wrong ones at once: ten are sent, one after the other, and the configured login still is', {
    tags: ['fault-115', 'fault-139'],
  }, async () => {
    const { server, open } = loginScene();
    const session = open();
    const codes = await Promise.all(
      Array.from({ length: 60 }, (_, index) => errorCodeOf(session.signIn({ password: `wrong ${index}` }))),
    );
    expect(codes.filter((code) => code === 'invalid_credentials')).toHaveLength(10);
    expect(codes.filter((code) => code === 'rate_limited')).toHaveLength(50);
    expect(await session.getAccessToken()).toBe('access-1');
    expect(server.logins).toBe(11);
  });

  test.each([
    ['where nothing was refused before', undefined],
    ['beside a configured password that was refused', 'configured and wrong'],
  ])('are not sent again once they are refused: %s', { tags: ['fault-115'] }, async (_, configured) => {
    const scene = new Scene();
    const store = scene.memory();
    if (configured !== undefined)
      await errorCodeOf(scene.open({ store, provider: { password: configured } }).getTokens());
    const sentBefore = scene.server.logins;
    const provider = scene.server.provider();
    for (const password of ['w1', 'w1', 'w2', 'w2', 'w2', 'w1']) {
      const { prepareSignIn } = provider as Required<typeof provider>;
      const check = verifyLogin(scene.open({ store }), () => prepareSignIn(password), { typed: true });
      expect(await errorCodeOf(check)).toMatch(/invalid_credentials|login_blocked/);
    }
    expect(scene.server.logins - sentBefore).toBe(2);
    // The configured refusal still stands, however many strangers mistype.
    if (configured === undefined) return;
    const again = scene.open({ store, provider: { password: configured } });
    expect(await errorCodeOf(again.getTokens())).toBe('login_blocked');
  });

  test('do not keep the configured one from a login ahead', async () => {
    const { session, server, clock } = openSession({ loginAhead: true, keepAlive: true }, (started) => {
      started.issuesRefreshTokens = false;
    });
    await session.getTokens();
    const { prepareSignIn } = server.provider() as Required<AuthProvider>;
    await errorCodeOf(verifyLogin(session, () => prepareSignIn('mistyped'), { typed: true }));
    const before = server.logins;
    await clock.advance(0.95 * hour);
    expect(server.logins - before).toBe(1);
    session.dispose();
  });

  test('count until their window is over, although nothing else is to be kept', async () => {
    const { server, clock, backend, open } = loginScene();
    server.lifetimeMs = 60_000;
    server.issuesRefreshTokens = false;
    server.refreshLifetimeMs = undefined;
    const session = open(null);
    await session.signIn({ password: server.password });
    const [record] = backend.records.values();
    expect(record?.evictAt).toBe(clock.now() + limits.loginWindowMs);
  });

  test('that were refused do not make an account blocked whose configured password is another', async () => {
    const { open } = loginScene();
    await errorCodeOf(open().signIn({ password: 'mistyped' }));
    expect(await open().status()).toMatchObject({ state: 'idle' });
    expect(await open(null).status()).toMatchObject({ state: 'login_blocked' });
  });

  test('have an allowance that another process and the next start keep to', {
    tags: ['fault-115'],
  }, async () => {
    const { server, clock, open } = loginScene();
    for (let attempt = 0; attempt < 20; attempt++)
      await errorCodeOf(open().signIn({ password: `wrong ${attempt}` }));
    expect(server.logins).toBe(10);
    await clock.advance(hour + minute);
    expect(await errorCodeOf(open().signIn({ password: 'correct horse' }))).toBe('resolved');
  });

  test('are not kept from signing in by the configured login’s count', { tags: ['fault-115'] }, async () => {
    const { open } = loginScene();
    const session = open(undefined, { maxLoginsPerHour: 1 });
    await session.signIn();
    expect(await errorCodeOf(session.signIn())).toBe('rate_limited');
    expect(await errorCodeOf(session.signIn({ password: 'correct horse' }))).toBe('resolved');
  });

  test('a refusal of the configured password soon after says so', { tags: ['fault-115'] }, async () => {
    const { clock, open } = loginScene();
    const events: AuthEvent[] = [];
    const session = open('locked by now', { onEvent: (event) => events.push(event) });
    await errorCodeOf(session.signIn({ password: 'wrong' }));
    await errorCodeOf(session.getTokens());
    expect(events.at(-1)).toMatchObject({ type: 'login_blocked', afterTyped: true });
    await clock.advance(hour);
    await errorCodeOf(session.signIn());
    expect(events.at(-1)).not.toHaveProperty('afterTyped');
  });
});

describe('refusedLoginRetryMs', () => {
  hashQuickly();

  test('the same secrets are tried again, ever less often, and lift the latch once they are accepted', {
    tags: ['fault-116'],
  }, async () => {
    const { server, clock, open } = loginScene();
    const options = { refusedLoginRetryMs: 30 * minute };
    server.password = 'somebody locked the account';
    const attempts: number[] = [];
    for (let passed = 0; passed < 48 * 60; passed++) {
      const before = server.logins;
      const code = await errorCodeOf(open('correct horse', options).getTokens());
      expect(code).toMatch(/^(invalid_credentials|login_blocked)$/);
      if (server.logins > before) attempts.push(passed);
      await clock.advance(minute);
    }
    const gaps = attempts.slice(1).map((at, index) => at - (attempts[index] as number));
    // 30 min, 1 h, 2 h, 4 h, 8 h and 16 h, each between three and five quarters of it.
    expect(gaps.length).toBeGreaterThanOrEqual(5);
    for (const [index, gap] of gaps.entries()) {
      expect(gap).toBeGreaterThanOrEqual(0.75 * 30 * 2 ** index - 1);
      expect(gap).toBeLessThanOrEqual(1.25 * 30 * 2 ** index + 1);
    }
    server.password = 'correct horse';
    await clock.advance(24 * hour);
    expect(await open('correct horse', options).getAccessToken()).toBe('access-1');
    expect(await open('correct horse', options).status()).not.toHaveProperty('blockedAt');
  });

  test('tells when the next attempt is', { tags: ['fault-116'] }, async () => {
    const { clock, open } = loginScene();
    const session = open('wrong', { refusedLoginRetryMs: 15 * minute });
    await errorCodeOf(session.getTokens());
    const { retryAt } = (await session.getTokens().catch((thrown: unknown) => thrown)) as { retryAt: number };
    expect(retryAt).toBeGreaterThan(clock.now() + 11 * minute);
    expect(retryAt).toBeLessThan(clock.now() + 19 * minute);
  });

  test('without it a refused password is never sent again', { tags: ['fault-116'] }, async () => {
    const { server, clock, open } = loginScene();
    await errorCodeOf(open('wrong').getTokens());
    await clock.advance(72 * hour);
    expect(await errorCodeOf(open('wrong').getTokens())).toBe('login_blocked');
    expect(server.logins).toBe(1);
  });

  test('status() tells the later of its instant and of a pause', async () => {
    const { server, clock, open } = loginScene();
    const session = open('wrong', { refusedLoginRetryMs: 15 * minute });
    await errorCodeOf(session.getTokens());
    const { retryAt: retried = 0 } = await session.status();
    await clock.advance(10 * minute);
    server.next('login', () => {
      throw new AuthError('rate_limited', { delivery: 'answered', retryAfterMs: 15 * minute });
    });
    await errorCodeOf(session.signIn());
    expect(retried).toBeGreaterThan(clock.now());
    expect(await session.status()).toMatchObject({ retryAt: clock.now() + 15 * minute });
  });

  test.each([0, 899_999, Number.NaN])('of %d is refused', (refusedLoginRetryMs) => {
    expect(() => loginScene().open('pw', { refusedLoginRetryMs })).toThrow('refusedLoginRetryMs: expected');
  });
});
