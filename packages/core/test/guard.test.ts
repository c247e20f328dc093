import { describe, expect, test } from 'vitest';
import { AuthError, type AuthSessionOptions, type TokenRecord, verifyLogin } from '../src/index.js';
import { limits } from '../src/limits.js';
import { FakeBackend } from './support/fake-store.js';
import { noTimers, Scene } from './support/setup.js';

const hour = 3_600_000;

function scene() {
  const setting = new Scene();
  const backend = new FakeBackend();
  const open = (password?: string | (() => string) | null, options: AuthSessionOptions = {}) =>
    setting.open({
      store: backend.open(),
      scheduler: noTimers,
      provider: password === undefined ? {} : { password },
      ...options,
    });
  return { ...setting, server: setting.server, clock: setting.clock, events: setting.events, backend, open };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'resolved',
    (error: { code: string }) => error.code,
  );

describe('the latch', () => {
  test('a wrong password from ten callers is one attempt, and none follows', async () => {
    const { server, clock, open } = scene();
    const session = open('wrong');
    const codes = await Promise.all(Array.from({ length: 10 }, () => codeOf(session.getTokens())));
    expect(new Set(codes)).toEqual(new Set(['invalid_credentials']));
    for (let day = 0; day < 3; day++) {
      await clock.advance(24 * hour);
      expect(await codeOf(session.getTokens())).toBe('login_blocked');
    }
    expect(server.logins).toBe(1);
  });

  test('another process, and the next start, keep to it', async () => {
    const { server, clock, open } = scene();
    const blockedAt = clock.now();
    expect(await codeOf(open('wrong').getTokens())).toBe('invalid_credentials');
    await clock.advance(1_000);
    await expect(open('wrong').getTokens()).rejects.toMatchObject({
      code: 'login_blocked',
      blockedAt,
      retryable: false,
    });
    expect(server.logins).toBe(1);
  });

  test('new secrets lift it', async () => {
    const { server, clock, open } = scene();
    let password = 'wrong';
    const session = open(() => password);
    expect(await codeOf(session.getTokens())).toBe('invalid_credentials');
    password = 'correct horse';
    expect(await codeOf(session.getTokens())).toBe('login_blocked');
    await clock.advance(60_000);
    expect(await session.getAccessToken()).toBe('access-1');
    expect(server.logins).toBe(2);
    expect(await session.status()).not.toHaveProperty('blockedAt');
  });

  test('while it stands the vault is asked at most once a minute', async () => {
    const { clock, open } = scene();
    let asked = 0;
    const session = open(() => {
      asked++;
      return 'wrong';
    });
    await codeOf(session.getTokens());
    expect(asked).toBe(1);
    for (let second = 0; second < 120; second += 10) {
      await clock.advance(10_000);
      await codeOf(session.getTokens());
    }
    expect(asked).toBe(3);
  });

  test('signIn lifts it', async () => {
    const { server, open } = scene();
    const session = open('wrong');
    await codeOf(session.getTokens());
    expect((await session.signIn({ password: 'correct horse' })).accessToken).toBe('access-1');
    expect(await session.status()).toMatchObject({ state: 'signed_in' });
    expect(server.logins).toBe(2);
  });

  test('what a person mistyped neither lifts nor moves the latch on the configured password', async () => {
    const { server, clock, open } = scene();
    const session = open('wrong');
    await codeOf(session.getTokens());
    const { blockedAt } = await session.status();
    await clock.advance(1_000);
    expect(await codeOf(session.signIn({ password: 'also wrong' }))).toBe('invalid_credentials');
    expect((await session.status()).blockedAt).toBe(blockedAt);
    expect(await codeOf(session.getTokens())).toBe('login_blocked');
    expect(server.logins).toBe(2);
  });

  test('a refusal that cannot be saved holds in this process', async () => {
    const { server, clock, backend, open } = scene();
    const session = open('wrong');
    server.next('login', (proceed) => {
      backend.breakDown('compareAndSet');
      return proceed();
    });
    await codeOf(session.getTokens());
    backend.breakDown();
    await clock.advance(hour);
    expect(await codeOf(session.getTokens())).toBe('login_blocked');
    expect(server.logins).toBe(1);
  });

  test('a store whose record changed under the refusal gets the latch all the same', async () => {
    const { server, backend, open } = scene();
    const session = open('wrong', { key: 'key' });
    server.next('login', (proceed) => {
      const record = backend.records.get('key') as { id: string; value: string };
      backend.records.set('key', { ...record, id: 'rewritten' });
      return proceed();
    });
    await codeOf(session.getTokens());
    expect(JSON.parse((backend.records.get('key') as { value: string }).value).guard.latch).toMatchObject({
      hash: /./,
    });
  });

  test('the record keeps a slow hash of the secrets and not the secrets', async () => {
    const { backend, open } = scene();
    await codeOf(open('a wrong password').getTokens());
    const { value, evictAt } = [...backend.records.values()][0] as TokenRecord;
    expect(value).not.toContain('a wrong password');
    expect(JSON.parse(value).guard.latch).toEqual({
      salt: expect.stringMatching(/^[0-9a-f]{32}$/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      at: expect.any(Number),
    });
    expect(evictAt).toBeUndefined();
  });

  test('a refresh that works lifts no latch', async () => {
    const { clock, open } = scene();
    const session = open();
    await session.getTokens();
    await codeOf(session.signIn({ password: 'wrong' }));
    await clock.advance(2 * hour);
    await session.getTokens();
    expect(await session.status()).toMatchObject({ state: 'signed_in', blockedAt: expect.any(Number) });
  });

  test('only a refusal latches: 429, an outage and a page do not', async () => {
    for (const code of [
      'rate_limited',
      'server_unavailable',
      'network',
      'timeout',
      'invalid_response',
    ] as const) {
      const { server, clock, open } = scene();
      const session = open();
      server.next('login', () => {
        throw new AuthError(code, { provider: 'fake', status: 403 });
      });
      expect(await codeOf(session.getTokens())).toBe(code);
      await clock.advance(30_000);
      expect(await session.getAccessToken()).toBe('access-1');
    }
  });
});

describe('maxLoginsPerHour', () => {
  test('logins in an hour stay within it, and retryAt says when it goes on', async () => {
    const { server, clock, open } = scene();
    server.lifetimeMs = 60_000;
    server.issuesRefreshTokens = false;
    const session = open();
    const startedAt = clock.now();
    for (let minute = 0; minute < 20; minute++) {
      await session.getTokens();
      await clock.advance(90_000);
    }
    await expect(session.getTokens()).rejects.toMatchObject({
      code: 'rate_limited',
      retryAt: startedAt + limits.loginWindowMs,
    });
    expect(server.logins).toBe(20);
    await clock.advance(startedAt + limits.loginWindowMs - clock.now());
    await session.getTokens();
    expect(server.logins).toBe(21);
  });

  test('while it is reached nobody asks the vault', async () => {
    const { open } = scene();
    let asked = 0;
    const session = open(
      () => {
        asked++;
        return 'correct horse';
      },
      { maxLoginsPerHour: 1 },
    );
    await session.signIn();
    for (let call = 0; call < 3; call++) expect(await codeOf(session.signIn())).toBe('rate_limited');
    expect(asked).toBe(1);
  });

  test('restarts count too', async () => {
    const { server, open } = scene();
    for (let start = 0; start < 5; start++) {
      server.next('login', () => {
        throw new AuthError('network', { provider: 'fake', delivery: 'not_sent' });
      });
      await codeOf(open(undefined, { maxLoginsPerHour: 3 }).signIn());
    }
    expect(await codeOf(open(undefined, { maxLoginsPerHour: 3 }).signIn())).toBe('rate_limited');
    expect(server.logins).toBe(0);
  });

  test('a wall clock set ahead does not make this process forget', async () => {
    const { server, clock, open } = scene();
    const session = open(undefined, { maxLoginsPerHour: 2 });
    await session.signIn();
    await session.signIn();
    clock.jump(2 * hour);
    expect(await codeOf(session.signIn())).toBe('rate_limited');
    expect(server.logins).toBe(2);
  });

  test('a login held up between being written down and being sent is written down again', async () => {
    const { server, clock, backend, open } = scene();
    const inner = backend.open();
    let isSlow = true;
    const session = open(undefined, {
      timeouts: { storeMs: 60_000 },
      store: {
        get: (key) => inner.get(key),
        async compareAndSet(key, expectedId, next) {
          const isSet = await inner.compareAndSet(key, expectedId, next);
          if (isSlow) await new Promise<void>((resolve) => clock.setTimeout(resolve, limits.loginSendMs + 1));
          isSlow = false;
          return isSet;
        },
      },
    });
    const signedIn = session.signIn();
    await clock.advance(60_000);
    await signedIn;
    expect(server.logins).toBe(1);
    const [{ value }] = [...backend.records.values()] as [TokenRecord];
    expect(JSON.parse(value).guard.loginsAt).toHaveLength(2);
  });

  test('a process whose clock is hours ahead does not make the others forget', async () => {
    const { server, clock, open } = scene();
    const limit = { maxLoginsPerHour: 3 };
    const ahead = {
      now: () => clock.now() + 2 * hour,
      monotonic: () => clock.monotonic(),
      setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs),
      clearTimeout: (handle: unknown) => clock.clearTimeout(handle as never),
    };
    for (let start = 0; start < 2; start++) await open(undefined, limit).signIn();
    await open(undefined, { ...limit, clock: ahead }).signIn();
    expect(await codeOf(open(undefined, limit).signIn())).toBe('rate_limited');
    expect(server.logins).toBe(3);
  });

  test('an instant ahead of the clock counts as now, and does not count for ever', async () => {
    const { clock, open } = scene();
    clock.jump(5 * hour);
    await open(undefined, { maxLoginsPerHour: 1 }).signIn();
    clock.jump(-5 * hour);
    const session = open(undefined, { maxLoginsPerHour: 1 });
    expect(await codeOf(session.signIn())).toBe('rate_limited');
    await clock.advance(5 * hour + limits.loginWindowMs + 1);
    expect(await codeOf(session.signIn())).toBe('resolved');
  });
});

describe('pauses', () => {
  test('429 is honoured by every process, and a valid token is served meanwhile', async () => {
    const { server, clock, open } = scene();
    const session = open();
    await session.getTokens();
    await clock.advance(0.85 * hour);
    server.next('refresh', () => {
      throw new AuthError('rate_limited', { provider: 'fake', retryAfterMs: 600_000 });
    });
    expect(await session.getAccessToken()).toBe('access-1');
    await clock.advance(300_000);
    expect(await session.getAccessToken()).toBe('access-1');
    await clock.advance(270_000);
    await expect(session.getTokens()).rejects.toMatchObject({
      code: 'rate_limited',
      retryAt: clock.now() + 30_000,
    });
    expect(await codeOf(open().getTokens())).toBe('rate_limited');
    expect(await codeOf(open().signIn())).toBe('rate_limited');
    expect(server.refreshes).toBe(0);
    await clock.advance(30_000);
    expect(await session.getAccessToken()).toBe('access-2');
  });

  test('the pause is half a minute where none is named, a second at least, a quarter of an hour at most', async () => {
    const cases = [
      [undefined, 30_000],
      [Number.NaN, 30_000],
      [0, 1_000],
      [2_147_484_000, 900_000],
    ] as const;
    for (const [retryAfterMs, pauseMs] of cases) {
      const { server, clock, open } = scene();
      server.next('login', () => {
        throw new AuthError('rate_limited', { provider: 'fake', retryAfterMs });
      });
      await expect(open().getTokens()).rejects.toMatchObject({ retryAt: clock.now() + pauseMs });
    }
  });

  test('a pause written by a clock far ahead stops nobody for longer than a quarter of an hour', async () => {
    const { server, clock, open } = scene();
    clock.jump(24 * hour);
    server.next('login', () => {
      throw new AuthError('rate_limited', { provider: 'fake' });
    });
    await codeOf(open().getTokens());
    clock.jump(-24 * hour);
    const session = open();
    expect(await codeOf(session.getTokens())).toBe('rate_limited');
    await clock.advance(900_000);
    expect(await session.getAccessToken()).toBe('access-1');
  });
});

describe('verifyLogin', () => {
  const check = (server: { password: string }, password: string) => () => ({
    secrets: [password],
    login: async () => {
      if (password !== server.password) throw new AuthError('invalid_credentials', { provider: 'fake' });
    },
  });

  test('it changes no token, and passes the guard', async () => {
    const { server, clock, open } = scene();
    const session = open('wrong');
    await verifyLogin(session, check(server, 'correct horse'));
    expect(session.peek()).toBeUndefined();
    expect(await codeOf(verifyLogin(session, check(server, 'wrong')))).toBe('invalid_credentials');
    expect(await codeOf(verifyLogin(session, check(server, 'wrong')))).toBe('login_blocked');
    await clock.advance(60_000);
    expect(await codeOf(verifyLogin(session, check(server, 'correct horse')))).toBe('resolved');
    expect(await codeOf(session.getTokens())).toBe('login_blocked');
    expect(server.logins).toBe(0);
  });

  test('a person’s typo is no matter of the configured password', async () => {
    const { server, clock, open } = scene();
    const session = open();
    const typed = { typed: true };
    expect(await codeOf(verifyLogin(session, check(server, 'typo'), typed))).toBe('invalid_credentials');
    expect(await session.getAccessToken()).toBe('access-1');

    const latched = open('wrong', { key: 'latched' });
    expect(await codeOf(latched.getTokens())).toBe('invalid_credentials');
    expect(await codeOf(verifyLogin(latched, check(server, 'correct horse'), typed))).toBe('resolved');
    expect(await codeOf(verifyLogin(latched, check(server, 'typo'), typed))).toBe('invalid_credentials');
    for (let minute = 0; minute < 5; minute++) {
      await clock.advance(61_000);
      expect(await codeOf(latched.getTokens())).toBe('login_blocked');
    }
    expect(server.logins).toBe(2);
  });

  test('it counts', async () => {
    const { server, open } = scene();
    const session = open(undefined, { maxLoginsPerHour: 2 });
    await verifyLogin(session, check(server, 'correct horse'));
    await verifyLogin(session, check(server, 'correct horse'));
    expect(await codeOf(verifyLogin(session, check(server, 'correct horse')))).toBe('rate_limited');
  });
});
