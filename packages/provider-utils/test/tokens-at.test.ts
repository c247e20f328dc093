import { describe, expect, test } from 'vitest';
import { type TokenPaths, tokensAt } from '../src/index.js';

const date = 'Sat, 28 Nov 2026 12:00:00 GMT';
const now = Date.parse(date);

function read(paths: TokenPaths, body: unknown, headers: Record<string, string> = { date }) {
  return tokensAt(paths)({ status: 200, headers: new Headers(headers), body });
}

describe('the access token', () => {
  test('is at a path, and the refresh token too', () => {
    const body = { data: { session: { token: 'a' }, renew: 'r' } };
    expect(read({ accessToken: 'data.session.token', refreshToken: 'data.renew' }, body)).toEqual({
      accessToken: 'a',
      expiresInMs: undefined,
      refreshToken: 'r',
    });
  });

  test('may be the whole answer', () => {
    expect(read({ accessToken: '' }, 'a').accessToken).toBe('a');
  });

  test.each([
    [{}],
    [{ data: null }],
    [{ data: { token: 7 } }],
    [{ data: { token: '' } }],
    ['text'],
    [undefined],
  ])('that is missing is named, and no value: %j', (body) => {
    const error = { code: 'invalid_response', detail: 'missing or wrong: data.token' };
    expect(() => read({ accessToken: 'data.token' }, body)).toThrow(expect.objectContaining(error));
  });

  test('is never looked for in a prototype', () => {
    expect(() => read({ accessToken: 'constructor.name' }, {})).toThrow('missing or wrong: constructor.name');
    expect(() => read({ accessToken: '' }, {})).toThrow('missing or wrong: the body');
  });
});

describe('its life', () => {
  test.each([
    ['seconds', 90, 90_000],
    ['seconds', '90', 90_000],
    ['minutes', 2, 120_000],
    ['milliseconds', 1_500, 1_500],
    ['date', '2026-11-28T13:00:00Z', 3_600_000],
    ['date', '2026-11-28T14:00:00+01:00', 3_600_000],
    ['date', '2026-11-28T13:00:00', 3_600_000],
    ['date', 'Sat, 28 Nov 2026 13:00:00 GMT', 3_600_000],
    ['epoch seconds', now / 1_000 + 60, 60_000],
    ['epoch seconds', String(now / 1_000 + 60), 60_000],
    ['epoch milliseconds', now + 60_000, 60_000],
  ] as const)('in %s: %j', (as, value, expected) => {
    expect(read({ accessToken: 't', expires: ['end', as] }, { t: 'a', end: value }).expiresInMs).toBe(
      expected,
    );
  });

  test.each([
    ['seconds', ' '],
    ['seconds', 'soon'],
    ['seconds', 0],
    ['seconds', -5],
    ['minutes', 1e308],
    ['minutes', null],
    ['date', 'soon'],
    ['date', 12],
    ['epoch seconds', now / 1_000 - 60],
    ['epoch milliseconds', {}],
  ] as const)('is unknown where %s has %j', (as, value) => {
    expect(
      read({ accessToken: 't', expires: ['end', as] }, { t: 'a', end: value }).expiresInMs,
    ).toBeUndefined();
  });

  test('of an instant is unknown where the answer has no date of its own', () => {
    const paths: TokenPaths = { accessToken: 't', expires: ['end', 'epoch milliseconds'] };
    expect(read(paths, { t: 'a', end: now + 60_000 }, {}).expiresInMs).toBeUndefined();
  });

  test('is that of a JWT where the answer names none', () => {
    const payload = Buffer.from(JSON.stringify({ iat: 100, exp: 400 })).toString('base64url');
    const paths: TokenPaths = { accessToken: 't', expires: ['end', 'seconds'] };
    expect(read(paths, { t: `h.${payload}.s` }).expiresInMs).toBe(300_000);
    expect(read(paths, { t: `h.${payload}.s`, end: 5 }).expiresInMs).toBe(5_000);
  });
});
