import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { AuthError, type AuthErrorCode, findAuthError, isAuthError } from '../src/index.js';

describe('AuthError', () => {
  test('the message names the provider, the phase, the HTTP status and the server’s own code', () => {
    const error = new AuthError('invalid_credentials', {
      provider: 'joor',
      phase: 'login',
      status: 401,
      serverCode: 'invalid_grant',
      detail: 'more',
    });
    expect(error.message).toBe(
      'joor login: the server refused the credentials (HTTP 401, invalid_grant): more',
    );
    expect(error.name).toBe('AuthError');
    expect(
      new AuthError('network', { provider: 'joor', phase: 'login', url: 'https://auth.example/auth/' })
        .message,
    ).toBe('joor login at https://auth.example/auth/: the connection failed');
    expect(String(new AuthError('disposed'))).toBe('AuthError: the session was disposed');
  });

  test('the message escapes control characters, so that it forges no log line, and is bounded in length', () => {
    const error = new AuthError('store_failed', {
      detail: `a\r\nERROR root\u001b[2J\u2028${'x'.repeat(1_000)}`,
    });
    for (const character of '\r\n\u001b\u2028') expect(error.message).not.toContain(character);
    expect(error.message).toContain('\\u000d\\u000aERROR');
    expect(error.message.length).toBeLessThan(400);
  });

  test('retryable tells which failures may pass without anybody changing anything', () => {
    const retryable = (code: AuthErrorCode) => new AuthError(code).retryable;
    expect(
      ['network', 'timeout', 'rate_limited', 'store_failed', 'lock_timeout'].every((code) =>
        retryable(code as AuthErrorCode),
      ),
    ).toBe(true);
    expect(
      ['invalid_credentials', 'login_blocked', 'signed_out', 'disposed'].some((code) =>
        retryable(code as AuthErrorCode),
      ),
    ).toBe(false);
  });

  test('JSON and util.inspect show the details of the error', () => {
    const error = new AuthError('rate_limited', {
      retryAt: 5,
      blockedAt: 6,
      retryAfterMs: 7,
      delivery: 'answered',
    });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'AuthError',
      message: error.message,
      code: 'rate_limited',
      retryAt: 5,
      blockedAt: 6,
      retryAfterMs: 7,
      delivery: 'answered',
      retryable: true,
    });
    expect(inspect(error)).toContain('rate_limited');
  });
});

describe('isAuthError', () => {
  test('errors of another copy of the package are recognised, and other values are not', () => {
    const foreign = Object.assign(new Error('x'), {
      code: 'network',
      [Symbol.for('@auth/core:AuthError')]: true,
    });
    expect(isAuthError(foreign)).toBe(true);
    expect(isAuthError(new AuthError('network'))).toBe(true);
    const trap = new Error('trap');
    Object.defineProperty(trap, Symbol.for('@auth/core:AuthError'), {
      get() {
        throw new Error('no');
      },
    });
    for (const other of [undefined, null, 'network', new Error('x'), { code: 'network' }, trap])
      expect(isAuthError(other)).toBe(false);
  });
});

describe('findAuthError', () => {
  test('the AuthError is found in the causes and error lists that a client wrapped around it', () => {
    const error = new AuthError('signed_out');
    const wrapped = new Error('axios', {
      cause: new AggregateError([new Error('other'), new Error('inner', { cause: error })]),
    });
    expect(findAuthError(wrapped)).toBe(error);
    expect(findAuthError(error)).toBe(error);
    const loop = new Error('loop');
    loop.cause = loop;
    const trap = {
      get cause() {
        throw new Error('no');
      },
    };
    for (const other of [loop, trap, 'text', undefined]) expect(findAuthError(other)).toBeUndefined();
  });
});
