import { describe, expect, test } from 'vitest';
import { withRefusalsOf } from '../src/exchange/latch.js';
import { nextLoginAt, withLogin } from '../src/exchange/login-counts.js';
import { settledGuard } from '../src/exchange/save-guard.js';
import { createAuthSession } from '../src/index.js';
import * as limits from '../src/limits.js';
import { Scene } from './support/scene.js';

const guard = { failures: 0, loginsAt: [20, 900] };

test('two latches of one salt keep what each has refused, and of another salt nothing', () => {
  const latch = { salt: 's', hash: 'a', at: 1, otherHashes: ['b'], typedHashes: ['t1'] };
  const other = { salt: 's', hash: 'c', at: 2, typedHashes: ['t2', 't3', 't4'] };
  const { otherHashes, typedHashes } = withRefusalsOf(latch, other);
  expect([otherHashes, typedHashes]).toEqual([
    ['b', 'c'],
    ['t1', 't2', 't3'],
  ]);
  expect(withRefusalsOf(latch, { ...other, salt: 'another' })).toBe(latch);
});

describe('the logins that a guard counts', () => {
  test('stand in order, also after a login by a clock that was ahead', () => {
    expect(withLogin(guard.loginsAt, 30, 20)).toEqual([20, 30, 900]);
  });

  test('count as half the allowance where a clock far ahead has dated them', () => {
    const dated = [20, 1e12, 1e12 + 1, 1e12 + 2, 1e12 + 3];
    expect(nextLoginAt(dated, 30, 4)).toBeUndefined();
    expect(nextLoginAt(dated, 30, 2)).toBe(20 + limits.loginWindowMs);
    expect(withLogin(dated, 30, 2)).toEqual([20, 30, 1e12 + 2, 1e12 + 3]);
  });

  test('are the newest, and no more than twice those allowed in an hour', () => {
    expect(withLogin(guard.loginsAt, 1_000, 1)).toEqual([900, 1_000]);
  });

  test('leave room once the oldest of them is older than an hour', () => {
    expect(nextLoginAt(guard.loginsAt, 1_000, 3)).toBeUndefined();
    expect(nextLoginAt(guard.loginsAt, 1_000, 2)).toBe(20 + limits.loginWindowMs);
    expect(nextLoginAt(guard.loginsAt, 20 + limits.loginWindowMs, 2)).toBeUndefined();
  });
});

test('a provider that names no secrets cannot log in: a refusal would leave no latch', async () => {
  const { server, clock } = new Scene();
  const provider = server.provider({ password: 'wrong' });
  const prepareLogin = async () => ({ ...(await provider.prepareLogin?.()), secrets: undefined }) as never;
  const session = createAuthSession({ ...provider, prepareLogin }, { clock, scheduler: null });
  for (let call = 0; call < 3; call++)
    await expect(session.getTokens()).rejects.toMatchObject({
      code: 'credentials_unavailable',
      delivery: 'not_sent',
    });
  expect(server.logins).toBe(0);
});

describe('an exchange that succeeded', () => {
  const latch = { salt: 's', hash: 'h', at: 1 };
  const troubled = { ...guard, failures: 3, notBefore: 5, lostId: 'set', latch };

  test('ends the pause, and keeps the logins and the latch', () => {
    expect(settledGuard(troubled, undefined, 'refresh')).toEqual({ ...guard, latch });
  });

  test('lifts the latch of the password that was accepted', () => {
    expect(settledGuard(troubled, 'h', 'login')).toEqual(guard);
  });
});
