import { describe, expect, test } from 'vitest';
import { AuthError, type TokenRecord } from '../src/index.js';
import * as limits from '../src/limits.js';
import { hour } from './support/durations.js';
import { errorCodeOf } from './support/error-code.js';
import { loginScene } from './support/login-scene.js';

describe('maxLoginsPerHour', () => {
  test('logins in an hour stay within the limit, and retryAt tells when the next may be sent', async () => {
    const { server, clock, open } = loginScene();
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

  test('while the limit is reached nobody asks the vault', async () => {
    const { open } = loginScene();
    let asked = 0;
    const session = open(
      () => {
        asked++;
        return 'correct horse';
      },
      { maxLoginsPerHour: 1 },
    );
    await session.signIn();
    for (let call = 0; call < 3; call++) expect(await errorCodeOf(session.signIn())).toBe('rate_limited');
    expect(asked).toBe(1);
  });

  test('logins before a restart count, even those that failed', async () => {
    const { server, open } = loginScene();
    for (let start = 0; start < 5; start++) {
      server.next('login', () => {
        throw new AuthError('network', { provider: 'fake', delivery: 'not_sent' });
      });
      await errorCodeOf(open(undefined, { maxLoginsPerHour: 3 }).signIn());
    }
    expect(await errorCodeOf(open(undefined, { maxLoginsPerHour: 3 }).signIn())).toBe('rate_limited');
    expect(server.logins).toBe(0);
  });

  test('a wall clock set ahead does not make this process forget its logins', async () => {
    const { server, clock, open } = loginScene();
    const session = open(undefined, { maxLoginsPerHour: 2 });
    await session.signIn();
    await session.signIn();
    clock.jump(2 * hour);
    expect(await errorCodeOf(session.signIn())).toBe('rate_limited');
    expect(server.logins).toBe(2);
  });

  test('a login that is held up after it was counted is counted again before it is sent', async () => {
    const { server, clock, backend, open } = loginScene();
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

  test('a process whose clock is hours ahead does not make the others forget their logins', async () => {
    const { server, clock, open } = loginScene();
    const limit = { maxLoginsPerHour: 3 };
    const ahead = {
      now: () => clock.now() + 2 * hour,
      monotonic: () => clock.monotonic(),
      setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs),
      clearTimeout: (handle: unknown) => clock.clearTimeout(handle as never),
    };
    for (let start = 0; start < 2; start++) await open(undefined, limit).signIn();
    await open(undefined, { ...limit, clock: ahead }).signIn();
    expect(await errorCodeOf(open(undefined, limit).signIn())).toBe('rate_limited');
    expect(server.logins).toBe(3);
  });

  test('a login counted by a clock that was ahead counts as sent now, and is forgotten in the end', async () => {
    const { clock, open } = loginScene();
    clock.jump(5 * hour);
    await open(undefined, { maxLoginsPerHour: 1 }).signIn();
    clock.jump(-5 * hour);
    const session = open(undefined, { maxLoginsPerHour: 1 });
    expect(await errorCodeOf(session.signIn())).toBe('rate_limited');
    await clock.advance(5 * hour + limits.loginWindowMs + 1);
    expect(await errorCodeOf(session.signIn())).toBe('resolved');
  });
});
