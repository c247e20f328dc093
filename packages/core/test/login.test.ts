import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import { AuthError, verifyLogin } from '../src/index.js';
import { errorCodeOf } from './support/error-code.js';
import { loginScene } from './support/login-scene.js';
import { openSession } from './support/open-session.js';
import { twoProcesses } from './support/two-processes.js';

describe('before the password is sent', () => {
  test('a vault that throws sends nothing, and its message is not repeated', async () => {
    const { session, server } = openSession({
      provider: {
        password: () => {
          throw new Error('vault said: correct horse');
        },
      },
    });
    const error = (await session.getTokens().catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: 'credentials_unavailable', delivery: 'not_sent', retryable: true });
    expect(String(error.stack)).not.toContain('correct horse');
    expect(server.ledger).toEqual([]);
  });

  test('a vault that never answers times out', async () => {
    const { session, clock } = openSession({ provider: { password: () => new Promise<string>(() => {}) } });
    const failed = expect(session.getTokens()).rejects.toMatchObject({ code: 'credentials_unavailable' });
    await clock.advance(20_000);
    await failed;
  });

  test('a login that cannot be counted in the store is not sent', async () => {
    const { scene, backend, first } = twoProcesses();
    backend.breakDown('compareAndSet');
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    expect(scene.server.ledger).toEqual([]);
  });
});

describe('verifyLogin', () => {
  hashQuickly();
  const check = (server: { password: string }, password: string) => () => ({
    secrets: [password],
    login: async () => {
      if (password !== server.password) throw new AuthError('invalid_credentials', { provider: 'fake' });
    },
  });

  test('it changes no token, and it sets and keeps to the latch', async () => {
    const { server, clock, open } = loginScene();
    const session = open('wrong');
    await verifyLogin(session, check(server, 'correct horse'));
    expect(session.peek()).toBeUndefined();
    expect(await errorCodeOf(verifyLogin(session, check(server, 'wrong')))).toBe('invalid_credentials');
    expect(await errorCodeOf(verifyLogin(session, check(server, 'wrong')))).toBe('login_blocked');
    await clock.advance(60_000);
    expect(await errorCodeOf(verifyLogin(session, check(server, 'correct horse')))).toBe('resolved');
    expect(await errorCodeOf(session.getTokens())).toBe('login_blocked');
    expect(server.logins).toBe(0);
  });

  test('a password that a person mistyped does not block the configured password', async () => {
    const { server, clock, open } = loginScene();
    const session = open();
    const typed = { typed: true };
    expect(await errorCodeOf(verifyLogin(session, check(server, 'typo'), typed))).toBe('invalid_credentials');
    expect(await session.getAccessToken()).toBe('access-1');

    const latched = open('wrong', { key: 'latched' });
    expect(await errorCodeOf(latched.getTokens())).toBe('invalid_credentials');
    expect(await errorCodeOf(verifyLogin(latched, check(server, 'correct horse'), typed))).toBe('resolved');
    expect(await errorCodeOf(verifyLogin(latched, check(server, 'typo'), typed))).toBe('invalid_credentials');
    for (let minute = 0; minute < 5; minute++) {
      await clock.advance(61_000);
      expect(await errorCodeOf(latched.getTokens())).toBe('login_blocked');
    }
    expect(server.logins).toBe(2);
  });

  test('it counts towards maxLoginsPerHour', async () => {
    const { server, open } = loginScene();
    const session = open(undefined, { maxLoginsPerHour: 2 });
    await verifyLogin(session, check(server, 'correct horse'));
    await verifyLogin(session, check(server, 'correct horse'));
    expect(await errorCodeOf(verifyLogin(session, check(server, 'correct horse')))).toBe('rate_limited');
  });
});
