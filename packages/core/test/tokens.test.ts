import { describe, expect, test } from 'vitest';
import * as limits from '../src/limits.js';
import { tokenSetFrom } from '../src/tokens.js';

describe('tokenSetFrom', () => {
  test('lifetimes become instants, and what the answer left out stays out', () => {
    const set = tokenSetFrom(
      { accessToken: 'a', expiresInMs: 10, refreshToken: 'r', refreshExpiresInMs: 20 },
      1_000,
    );
    expect(set).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      accessToken: 'a',
      tokenType: 'Bearer',
      issuedAt: 1_000,
      expiresAt: 1_010,
      refreshToken: 'r',
      refreshExpiresAt: 1_020,
    });
    expect(Object.isFrozen(set)).toBe(true);
    expect(Object.keys(tokenSetFrom({ accessToken: 'a' }, 0)).sort()).toEqual([
      'accessToken',
      'id',
      'issuedAt',
      'tokenType',
    ]);
  });

  test('nothing at all is no answer', () => {
    for (const nothing of [undefined, null, {}])
      expect(() => tokenSetFrom(nothing as never, 0)).toThrow(
        expect.objectContaining({ code: 'invalid_response', detail: 'access token is missing' }),
      );
  });

  test('what the provider adds is frozen, and the provider’s own object is not', () => {
    const extra = { csrf: 'word' };
    const set = tokenSetFrom({ accessToken: 'a', extra }, 0);
    expect(set.extra).toEqual(extra);
    expect([Object.isFrozen(set.extra), Object.isFrozen(extra)]).toEqual([true, false]);
  });

  test('a refresh answer keeps from the previous set what it left out', () => {
    const before = tokenSetFrom<object>(
      { accessToken: 'a', refreshToken: 'r', refreshExpiresInMs: 9, scope: 's', extra: { x: 1 } },
      0,
    );
    for (const refreshToken of [undefined, '', null as never]) {
      const after = tokenSetFrom({ accessToken: 'b', refreshToken }, 5, before);
      expect(after).toMatchObject({
        accessToken: 'b',
        refreshToken: 'r',
        refreshExpiresAt: 9,
        scope: 's',
        extra: { x: 1 },
      });
    }
    const rotated = tokenSetFrom({ accessToken: 'b', refreshToken: 'q' }, 5, before);
    expect(rotated.refreshToken).toBe('q');
    expect(rotated).not.toHaveProperty('refreshExpiresAt');
  });

  test.each([
    0,
    5e-324,
    '3600' as never,
    -1_586_880_441,
    Number.NaN,
    1 / 0,
    1e308,
    limits.absurdLifetimeMs + 1,
  ])('a lifetime of %d counts as unknown', (expiresInMs) => {
    expect(tokenSetFrom({ accessToken: 'a', expiresInMs }, 0)).not.toHaveProperty('expiresAt');
  });

  test.each([
    ['', 'missing'],
    [undefined, 'missing'],
    ['two words', 'visible ASCII'],
    ['a\r\nx-admin: 1', 'visible ASCII'],
    ['tökén', 'visible ASCII'],
    ['x'.repeat(16_385), 'too long'],
  ])('the token %j is refused, and the error does not show it', (accessToken, why) => {
    const act = () => tokenSetFrom({ accessToken: accessToken as string }, 0);
    expect(act).toThrow(why);
    if (accessToken) expect(act).not.toThrow(accessToken);
    if (accessToken)
      expect(() => tokenSetFrom({ accessToken: 'a', refreshToken: accessToken }, 0)).toThrow('refresh token');
  });
});
