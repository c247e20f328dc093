import { describe, expect, test } from 'vitest';
import { type TokenPaths, tokensAt } from '../src/index.js';

const date = 'Sat, 28 Nov 2026 12:00:00 GMT';
const now = Date.parse(date);

function read(paths: TokenPaths, body: unknown, headers: HeadersInit = { date }) {
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

describe('what stands beside the body', () => {
  const headers: [string, string][] = [
    ['x-csrf', 'c'],
    ['set-cookie', 'sid=a=1; Path=/; HttpOnly; Expires=Sat, 28 Nov 2026 13:00:00 GMT'],
    ['set-cookie', ' lang = en '],
    ['set-cookie', 'old=; Max-Age=0'],
    ['set-cookie', 'nonsense'],
    ['set-cookie', 'sid=b'],
  ];

  test.each([
    [['header', 'X-Csrf'], 'c'],
    [['cookie', 'sid'], 'b'],
    [['cookie', 'lang'], 'en'],
    [['cookies'], 'sid=b;lang=en'],
  ] as const)('%j is read', (accessToken, expected) => {
    expect(read({ accessToken }, undefined, headers).accessToken).toBe(expected);
  });

  test.each([
    [['header', 'x-none'], 'header x-none'],
    [['cookie', 'old'], 'cookie old'],
    [['cookie', 'nonsense'], 'cookie nonsense'],
  ] as const)('%j is missing', (accessToken, named) => {
    expect(() => read({ accessToken }, {}, headers)).toThrow(`missing or wrong: ${named}`);
  });

  test.each([
    ['sid=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0', undefined],
    ['sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT', undefined],
    ['sid=x; expires=Sat, 28-Nov-2026 11:59:59 GMT', undefined],
    ['sid=x; max-age=-1', undefined],
    ['sid=""', undefined],
    ['sid=x; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'x'],
    ['sid=x; Expires=Sat, 28 Nov 2026 12:00:01 GMT', 'x'],
    ['sid=x; Max-Age=soon', 'x'],
  ])('%s leaves %j', (line, expected) => {
    const read = tokensAt({ accessToken: 't', refreshToken: ['cookie', 'sid'] });
    const answer = new Headers([
      ['date', date],
      ['set-cookie', 'sid=before'],
      ['set-cookie', line],
    ]);
    expect(read({ status: 200, headers: answer, body: { t: 'a' } }).refreshToken).toBe(expected);
  });

  test('no cookie at all is missing', () => {
    expect(() => read({ accessToken: ['cookies'] }, {})).toThrow('missing or wrong: cookies');
  });
});

describe('extras', () => {
  test('are kept by their names, and required', () => {
    const paths: TokenPaths = { accessToken: 't', extra: { csrf: ['header', 'x-csrf'], user: 'data.user' } };
    const body = { t: 'a', data: { user: 'ada' } };
    expect(read(paths, body, { 'x-csrf': 'c' }).extra).toEqual({ csrf: 'c', user: 'ada' });
    expect(() => read(paths, body)).toThrow('missing or wrong: header x-csrf');
    expect(() => read(paths, { t: 'a' }, { 'x-csrf': 'c' })).toThrow('missing or wrong: data.user');
    expect(() => read(paths, { t: 'a', data: { user: 'a\nb' } }, { 'x-csrf': 'c' })).toThrow('data.user');
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
    ['date', '2026-11-28T13:00:00.5', 3_600_500],
    ['date', '2026-11-28 14:00+0100', 3_600_000],
    ['date', '11-29-2026', 12 * 3_600_000],
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
    expect(read({ ...paths, expiresInMs: 7_000 }, { t: `h.${payload}.s` }).expiresInMs).toBe(300_000);
  });

  test('is the documented one where neither the answer nor the token names one', () => {
    const paths: TokenPaths = { accessToken: 't', expires: ['end', 'seconds'], expiresInMs: 7_000 };
    expect(read(paths, { t: 'a' }).expiresInMs).toBe(7_000);
    expect(read(paths, { t: 'a', end: 5 }).expiresInMs).toBe(5_000);
  });
});
