import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import { AuthError, type AuthSession } from '../src/index.js';
import { hour } from './support/durations.js';
import { errorCodeOf } from './support/error-code.js';
import { loginScene } from './support/login-scene.js';

describe('a login with a one-time code', () => {
  hashQuickly();

  /** Processes whose codes are these, one for each login. */
  function codesScene(...codes: readonly string[]) {
    const scene = loginScene();
    let asked = 0;
    const otp = (): string => codes[Math.min(asked++, codes.length - 1)] as string;
    return {
      ...scene,
      asked: () => asked,
      start: (password?: string): AuthSession =>
        scene.open(undefined, { provider: { otp, ...(password === undefined ? {} : { password }) } }),
    };
  }

  test('a refused code is followed by one attempt with another, in the same call', async () => {
    const { server, backend, start } = codesScene('000000', '111111');
    expect(await start().getAccessToken()).toBe('access-1');
    expect(server.logins).toBe(2);
    expect(backend.envelope.guard).not.toHaveProperty('refusedCode');
  });

  test('two refusals latch the secrets, whatever codes come after', async () => {
    const { server, clock, start, asked } = codesScene('000000', '000001', '111111');
    const session = start();
    expect(await errorCodeOf(session.getTokens())).toBe('invalid_credentials');
    for (const each of [session, start()]) {
      await clock.advance(hour);
      expect(await errorCodeOf(each.getTokens())).toBe('login_blocked');
    }
    expect([server.logins, asked()]).toEqual([2, 2]);
    expect((await session.status()).state).toBe('login_blocked');
  });

  test('ten callers cause two attempts, not twenty', async () => {
    const { server, start } = codesScene('000000');
    const session = start('wrong');
    await Promise.all(Array.from({ length: 10 }, () => errorCodeOf(session.getTokens())));
    expect(server.logins).toBe(2);
  });

  test('the one attempt more is kept over a restart between the two', async () => {
    const { server, backend, clock, start } = codesScene('000000', '000001');
    server.next('login', (proceed) => proceed());
    server.next('login', () => {
      throw new AuthError('network', { provider: 'fake', delivery: 'not_sent' });
    });
    expect(await errorCodeOf(start().getTokens())).toBe('network');
    expect(server.logins).toBe(1);
    await clock.advance(hour);
    const next = start();
    expect((await next.status()).state).toBe('idle');
    const [record] = backend.records.values();
    expect(record?.evictAt).toBeGreaterThan(clock.now() + 29 * 24 * hour);
    expect(await errorCodeOf(next.signIn())).toBe('invalid_credentials');
    expect(await errorCodeOf(start().getTokens())).toBe('login_blocked');
    expect(server.logins).toBe(2);
  });

  test('each attempt counts against maxLoginsPerHour', async () => {
    const { server, open } = loginScene();
    const session = open(undefined, { maxLoginsPerHour: 1, provider: { otp: () => '000000' } });
    expect(await errorCodeOf(session.getTokens())).toBe('rate_limited');
    expect(server.logins).toBe(1);
  });

  test('without a store that takes the mark there is no second attempt', async () => {
    const { server, backend, start } = codesScene('000000', '111111');
    server.next('login', (proceed) => {
      backend.breakDown('compareAndSet');
      return proceed();
    });
    expect(await errorCodeOf(start().getTokens())).toBe('invalid_credentials');
    expect(server.logins).toBe(1);
  });

  test('a typed password in between gives the configured one no further attempt', async () => {
    const { server, clock, open } = loginScene();
    const session = open('wrong', { provider: { otp: () => '111111', password: 'wrong' } });
    for (let round = 0; round < 4; round++) {
      server.next('login', (proceed) => proceed());
      server.next('login', () => {
        throw new AuthError('network', { provider: 'fake', delivery: 'not_sent' });
      });
      await errorCodeOf(session.getTokens());
      await clock.advance(hour / 6);
      await errorCodeOf(session.signIn({ password: 'mistyped' }));
      await clock.advance(hour);
    }
    expect(await errorCodeOf(session.getTokens())).toBe('login_blocked');
  });

  test('a refresh that goes well in between gives no further attempt', async () => {
    const { server, backend, clock, open } = loginScene();
    const codes = ['111111', '000000', '000001', '000002'];
    const otp = (): string => codes.shift() as string;
    const session = open(undefined, { provider: { otp } });
    await session.getTokens();
    server.next('login', (proceed) => proceed());
    server.next('login', () => {
      throw new AuthError('network', { provider: 'fake', delivery: 'not_sent' });
    });
    expect(await errorCodeOf(session.signIn())).toBe('network');
    await clock.advance(hour);
    await session.getTokens({ forceRefresh: true });
    expect(backend.envelope.guard).toHaveProperty('refusedCode');
  });

  test('without a lock two processes at once have one further attempt, not two', async () => {
    const { server, start } = codesScene('000000', '000001', '000002', '000003', '000004');
    await Promise.all([start('wrong'), start('wrong')].map((session) => errorCodeOf(session.getTokens())));
    expect(server.logins).toBeLessThanOrEqual(3);
    expect(await errorCodeOf(start('wrong').getTokens())).toBe('login_blocked');
  });

  test('a code that cannot be had costs no attempt, and latches nothing', async () => {
    const { server, backend, clock, open } = loginScene();
    let isAway = true;
    const otp = (): string => {
      if (isAway) throw new AuthError('credentials_unavailable', { delivery: 'not_sent' });
      return '111111';
    };
    const session = open(undefined, { maxLoginsPerHour: 2, provider: { otp } });
    for (let call = 0; call < 5; call++) {
      await clock.advance(1_000);
      expect(await errorCodeOf(session.getTokens())).toBe('credentials_unavailable');
    }
    for (let call = 0; call < 15; call++)
      expect(await errorCodeOf(session.signIn({ password: 'correct horse' }))).toBe(
        'credentials_unavailable',
      );
    expect(backend.envelope.guard).toMatchObject({ loginsAt: [], failures: 0 });
    isAway = false;
    expect(await session.getAccessToken()).toBe('access-1');
    expect(server.logins).toBe(1);
  });
});
