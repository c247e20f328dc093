import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Latch } from '../src/envelope.js';
import { AuthError, type TokenRecord } from '../src/index.js';
import * as limits from '../src/limits.js';
import { hour } from './support/durations.js';
import { errorCodeOf } from './support/error-code.js';
import { loginScene } from './support/login-scene.js';

describe('the latch', () => {
  hashQuickly();

  test('ten callers with a wrong password make one attempt, and no attempt follows', async () => {
    const { server, clock, open } = loginScene();
    const session = open('wrong');
    const codes = await Promise.all(Array.from({ length: 10 }, () => errorCodeOf(session.getTokens())));
    expect(new Set(codes)).toEqual(new Set(['invalid_credentials']));
    for (let day = 0; day < 3; day++) {
      await clock.advance(24 * hour);
      expect(await errorCodeOf(session.getTokens())).toBe('login_blocked');
    }
    expect(server.logins).toBe(1);
  });

  test('another process and the next start keep to the latch', async () => {
    const { server, clock, open } = loginScene();
    const blockedAt = clock.now();
    expect(await errorCodeOf(open('wrong').getTokens())).toBe('invalid_credentials');
    await clock.advance(1_000);
    await expect(open('wrong').getTokens()).rejects.toMatchObject({
      code: 'login_blocked',
      blockedAt,
      retryable: false,
    });
    expect(server.logins).toBe(1);
  });

  test('processes with different wrong passwords make one attempt each, however they take turns', {
    tags: ['fault-62'],
  }, async () => {
    const { server, clock, open } = loginScene();
    const passwords = ['last year’s', 'mistyped', 'another account’s', 'empty'];
    for (let turn = 0; turn < 5; turn++) {
      for (const password of passwords) {
        expect(await errorCodeOf(open(password).getTokens())).toBe(
          turn === 0 ? 'invalid_credentials' : 'login_blocked',
        );
        await clock.advance(61_000);
      }
    }
    expect(server.logins).toBe(passwords.length);
    expect(await open('correct horse').getAccessToken()).toBe('access-1');
  });

  test('a latch whose save seemed to fail hides none that others have stored since', {
    tags: ['fault-62'],
  }, async () => {
    const { server, clock, backend, open } = loginScene();
    let password = 'mistyped';
    const session = open(() => password);
    server.next('login', (proceed) => {
      backend.loseNextAnswer();
      return proceed();
    });
    expect(await errorCodeOf(session.getTokens())).toBe('invalid_credentials');
    await clock.advance(61_000);
    expect(await errorCodeOf(open('last year’s').getTokens())).toBe('invalid_credentials');
    for (password of ['last year’s', 'mistyped']) {
      await clock.advance(61_000);
      expect(await errorCodeOf(session.getTokens())).toBe('login_blocked');
    }
    password = 'another account’s';
    await clock.advance(61_000);
    expect(await errorCodeOf(session.getTokens())).toBe('invalid_credentials');
    for (const known of ['mistyped', 'last year’s', 'another account’s'])
      expect(await errorCodeOf(open(known).getTokens())).toBe('login_blocked');
    expect(server.logins).toBe(3);
  });

  test('a new password lifts the latch', async () => {
    const { server, clock, open } = loginScene();
    let password = 'wrong';
    const session = open(() => password);
    expect(await errorCodeOf(session.getTokens())).toBe('invalid_credentials');
    password = 'correct horse';
    expect(await errorCodeOf(session.getTokens())).toBe('login_blocked');
    await clock.advance(60_000);
    expect(await session.getAccessToken()).toBe('access-1');
    expect(server.logins).toBe(2);
    expect(await session.status()).not.toHaveProperty('blockedAt');
  });

  test('while the latch stands the vault is asked at most once a minute', async () => {
    const { clock, open } = loginScene();
    let asked = 0;
    const session = open(() => {
      asked++;
      return 'wrong';
    });
    await errorCodeOf(session.getTokens());
    expect(asked).toBe(1);
    for (let second = 0; second < 120; second += 10) {
      await clock.advance(10_000);
      await errorCodeOf(session.getTokens());
    }
    expect(asked).toBe(3);
  });

  test('signIn with an accepted password lifts the latch', async () => {
    const { server, open } = loginScene();
    const session = open('wrong');
    await errorCodeOf(session.getTokens());
    expect((await session.signIn({ password: 'correct horse' })).accessToken).toBe('access-1');
    expect(await session.status()).toMatchObject({ state: 'signed_in' });
    expect(server.logins).toBe(2);
  });

  test('a password that a person mistyped neither lifts nor moves the latch on the configured password', async () => {
    const { server, clock, open } = loginScene();
    const session = open('wrong');
    await errorCodeOf(session.getTokens());
    const { blockedAt } = await session.status();
    await clock.advance(1_000);
    expect(await errorCodeOf(session.signIn({ password: 'also wrong' }))).toBe('invalid_credentials');
    expect((await session.status()).blockedAt).toBe(blockedAt);
    expect(await errorCodeOf(session.getTokens())).toBe('login_blocked');
    expect(server.logins).toBe(2);
  });

  test('a latch that cannot be saved holds in this process', async () => {
    const { server, clock, backend, open } = loginScene();
    const session = open('wrong');
    server.next('login', (proceed) => {
      backend.breakDown('compareAndSet');
      return proceed();
    });
    await errorCodeOf(session.getTokens());
    backend.breakDown();
    await clock.advance(hour);
    expect(await errorCodeOf(session.getTokens())).toBe('login_blocked');
    expect(server.logins).toBe(1);
  });

  test('the latch is saved although the record changed during the login', async () => {
    const { server, backend, open } = loginScene();
    const session = open('wrong', { key: 'key' });
    server.next('login', (proceed) => {
      const record = backend.records.get('key') as { id: string; value: string };
      backend.records.set('key', { ...record, id: 'rewritten' });
      return proceed();
    });
    await errorCodeOf(session.getTokens());
    expect(JSON.parse((backend.records.get('key') as { value: string }).value).guard.latch).toMatchObject({
      hash: /./,
    });
  });

  test('the record keeps a salted hash of the secrets and not the secrets', async () => {
    const { backend, open } = loginScene();
    await errorCodeOf(open('a wrong password').getTokens());
    const { value, evictAt } = [...backend.records.values()][0] as TokenRecord;
    expect(value).not.toContain('a wrong password');
    expect(JSON.parse(value).guard.latch).toEqual({
      salt: expect.stringMatching(/^[0-9a-f]{32}$/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      at: expect.any(Number),
    });
    expect(evictAt).toBe(JSON.parse(value).guard.latch.at + limits.latchKeptMs);
  });

  test('the same password gets another salt, and so another hash, each time', async () => {
    const latches: (Latch | undefined)[] = [];
    for (let time = 0; time < 2; time++) {
      const { backend, open } = loginScene();
      expect(await errorCodeOf(open('wrong').getTokens())).toBe('invalid_credentials');
      latches.push(backend.envelope.guard.latch);
    }
    expect(latches[0]?.salt).not.toBe(latches[1]?.salt);
    expect(latches[0]?.hash).not.toBe(latches[1]?.hash);
  });

  test('a refresh that succeeds does not lift the latch', async () => {
    const { clock, open } = loginScene();
    const session = open();
    await session.getTokens();
    await errorCodeOf(open('wrong').signIn());
    await clock.advance(2 * hour);
    await session.getTokens();
    expect(await session.status()).toMatchObject({ state: 'signed_in', blockedAt: expect.any(Number) });
  });

  test('only a refusal sets the latch: a 429, an outage and an unusable answer do not', async () => {
    for (const code of [
      'rate_limited',
      'server_unavailable',
      'network',
      'timeout',
      'invalid_response',
    ] as const) {
      const { server, clock, open } = loginScene();
      const session = open();
      server.next('login', () => {
        throw new AuthError(code, { provider: 'fake', status: 403 });
      });
      expect(await errorCodeOf(session.getTokens())).toBe(code);
      await clock.advance(30_000);
      expect(await session.getAccessToken()).toBe('access-1');
    }
  });
});

describe('the hash of a refused password', () => {
  test('it is PBKDF2 with SHA-256 and 600,000 iterations in all, and the salt of the latch', async () => {
    expect(vi.isMockFunction(crypto.subtle.deriveBits)).toBe(false);
    const deriveBits = vi.spyOn(crypto.subtle, 'deriveBits');
    onTestFinished(() => deriveBits.mockRestore());
    const { backend, open } = loginScene();
    expect(await errorCodeOf(open('wrong').getTokens())).toBe('invalid_credentials');
    const salt = new TextEncoder().encode(backend.envelope.guard.latch?.salt);
    const calls = deriveBits.mock.calls.map(([algorithm]) => algorithm as Pbkdf2Params);
    for (const call of calls) expect(call).toMatchObject({ name: 'PBKDF2', hash: 'SHA-256', salt });
    expect(calls.reduce((sum, { iterations }) => sum + iterations, 0)).toBe(600_000);
  });
});
