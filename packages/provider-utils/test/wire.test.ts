import { afterEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { says } from '../src/index.js';
import { jwtLifetimeMs, lifetimeMs, optionalText, parseShape, requiredText, untilMs } from '../src/wire.js';

afterEach(() => vi.unstubAllEnvs());

describe('a text that must be there', () => {
  const schema = z.object({ token: requiredText });

  test('is taken as it is', () => {
    expect(parseShape(schema, { token: ' t ' })).toEqual({ token: ' t ' });
  });

  test.each([[{}], [{ token: '' }], [{ token: null }], [{ token: 5 }], [{ token: ['t'] }]])(
    '%j has none',
    (body) => {
      expect(() => parseShape(schema, body)).toThrow('missing or wrong: token');
    },
  );
});

describe('a text that may be missing', () => {
  test.each<[object, string | undefined]>([
    [{ text: 'bearer' }, 'bearer'],
    [{ text: ' ' }, ' '],
    [{}, undefined],
    [{ text: '' }, undefined],
    [{ text: null }, undefined],
    [{ text: 5 }, undefined],
    [{ text: false }, undefined],
    [{ text: ['bearer'] }, undefined],
    [{ text: {} }, undefined],
  ])('%j gives %j', (body, text) => {
    expect(parseShape(z.object({ text: optionalText }), body).text).toBe(text);
  });
});

describe('a lifetime', () => {
  test.each<[string, unknown, number | undefined]>([
    ['a number of seconds', 3600, 3_600_000],
    ['a fraction of a second', 0.5, 500],
    ['zero', 0, 0],
    ['seconds in digits', '3600', 3_600_000],
    ['digits among blanks', ' 60 ', 60_000],
    ['an empty text', '', undefined],
    ['a blank text', '  ', undefined],
    ['a word', 'soon', undefined],
    ['digits with a unit', '60s', undefined],
    ['the word for infinity', 'Infinity', undefined],
    ['infinity', Number.POSITIVE_INFINITY, undefined],
    ['what is no number', Number.NaN, undefined],
    ['null', null, undefined],
    ['nothing', undefined, undefined],
    ['true', true, undefined],
    ['a list of one number', [60], undefined],
    ['an object', {}, undefined],
  ])('%s', (_, expires_in, expected) => {
    expect(parseShape(z.object({ expires_in: lifetimeMs }), { expires_in }).expires_in).toBe(expected);
  });

  test('may be missing altogether', () => {
    expect(parseShape(z.object({ expires_in: lifetimeMs }), {}).expires_in).toBeUndefined();
  });
});

describe('the shape of an answer', () => {
  test('parseShape names what is missing and shows no value', () => {
    const schema = z.object({ a: z.string(), b: z.object({ c: z.number() }) });
    expect(() => parseShape(schema, { a: 5, b: { c: 'canary-secret' } })).toThrow('missing or wrong: a, b.c');
    expect(() => parseShape(schema, 'canary-secret')).toThrow('missing or wrong: the body');
    expect(() => parseShape(schema, 'canary-secret')).not.toThrow('canary');
  });

  test('fields that nobody asked for are left out', () => {
    const schema = z.object({ token: requiredText });
    expect(parseShape(schema, { token: 't', password: 'canary-secret' })).toEqual({ token: 't' });
  });

  test('another shape is invalid_response: the server may have done what it was asked', () => {
    expect(() => parseShape(z.object({ token: requiredText }), [])).toThrow(
      expect.objectContaining({ code: 'invalid_response', delivery: 'unknown' }),
    );
  });

  test('a field with several faults is named once', () => {
    const schema = z.object({ code: z.string().check(z.minLength(5), z.regex(/^\d+$/)) });
    expect(() => parseShape(schema, { code: 'x' })).toThrow(/missing or wrong: code$/);
  });

  test('of many wrong fields eight are named', () => {
    const names = [...'abcdefghij'];
    const schema = z.object(Object.fromEntries(names.map((name) => [name, requiredText])));
    expect(() => parseShape(schema, {})).toThrow(/missing or wrong: a, b, c, d, e, f, g, h$/);
  });
});

describe('what a server says', () => {
  test.each<[unknown, boolean]>([
    [{ error: 'invalid_grant' }, true],
    [{ error: false }, true],
    [{ error: 'other' }, false],
    [{ error: 'false' }, false],
    [{ error: ['invalid_grant'] }, false],
    [{ detail: 'invalid_grant' }, false],
    [{}, false],
    [[], false],
    ['invalid_grant', false],
    [null, false],
    [undefined, false],
  ])('%j is read by field and value', (body, expected) => {
    expect(says(body, 'error', 'invalid_grant', false)).toBe(expected);
  });
});

describe('the lifetime that a JWT states', () => {
  const jwt = (claims: unknown): string =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

  test.each<[string, string | undefined, number | undefined]>([
    ['exp after iat', jwt({ iat: 1_000, exp: 4_600 }), 3_600_000],
    ['exp at iat', jwt({ iat: 1_000, exp: 1_000 }), undefined],
    ['exp before iat', jwt({ iat: 1_000, exp: 999 }), undefined],
    ['no iat', jwt({ exp: 4_600 }), undefined],
    ['no exp', jwt({ iat: 1_000 }), undefined],
    ['iat as text', jwt({ iat: '1000', exp: 4_600 }), undefined],
    ['exp as text', jwt({ iat: 1_000, exp: '4600' }), undefined],
    ['null for claims', jwt(null), undefined],
    ['a list for claims', jwt([1_000, 4_600]), undefined],
    ['claims that are no JSON', `e30.${btoa('hello')}.c2ln`, undefined],
    ['claims that are no base64', 'e30.%%%.c2ln', undefined],
    ['an opaque token', 'opaque', undefined],
    ['an empty token', '', undefined],
    ['no token', undefined, undefined],
  ])('%s', (_, token, expected) => {
    expect(jwtLifetimeMs(token)).toBe(expected);
  });

  test.each<[string, unknown, string | undefined, number | undefined]>([
    ['no iat', { exp: 4_600 }, 'Thu, 01 Jan 1970 00:16:40 GMT', 3_600_000],
    ['an iat, which counts alone', { iat: 1_600, exp: 4_600 }, 'Thu, 01 Jan 1970 00:16:40 GMT', 3_000_000],
    ['no iat, and an end that is over', { exp: 999 }, 'Thu, 01 Jan 1970 00:16:40 GMT', undefined],
    ['no iat, in an answer without a date', { exp: 4_600 }, undefined, undefined],
  ])('counts from the answer: %s', (_, claims, date, expected) => {
    expect(jwtLifetimeMs(jwt(claims), new Headers(date === undefined ? {} : { date }))).toBe(expected);
  });

  test('its base64 is the one for URLs, without padding', () => {
    const token = jwt({ iat: 1, exp: 2, name: '>>>???' });
    expect(token).toMatch(/-.*_|_.*-/);
    expect(token).not.toContain('=');
    expect(jwtLifetimeMs(token)).toBe(1_000);
  });
});

describe('the time until a date in an answer', () => {
  const dated = 'Sun, 01 Apr 2018 20:39:12 GMT';

  test.each<[string, string | undefined, string | undefined, number | undefined]>([
    ['in UTC', '2018-04-01T21:39:12Z', dated, 3_600_000],
    ['in UTC, with a small z', '2018-04-01T21:39:12z', dated, 3_600_000],
    ['with an offset', '2018-04-01T23:39:12+02:00', dated, 3_600_000],
    ['with an offset to the west', '2018-04-01T16:39:12-05:00', dated, 3_600_000],
    ['with a fraction of a second', '2018-04-01T20:39:12.250+00:00', dated, 250],
    [
      'as JavaScript writes it',
      'Sun Apr 01 2018 23:39:12 GMT+0200 (Central European Summer Time)',
      dated,
      3_600_000,
    ],
    ['as JavaScript writes it, without a name', 'Sun Apr 01 2018 16:39:12 GMT-0500', dated, 3_600_000],
    ['without an offset, which is UTC', '2018-04-01T21:39:12', dated, 3_600_000],
    ['that is the answer’s own', '2018-04-01T20:39:12Z', dated, undefined],
    ['that is over', '2018-04-01T20:39:11Z', dated, undefined],
    ['that is none', 'soon', dated, undefined],
    ['that is missing', undefined, dated, undefined],
    ['beside a Date that is none', '2018-04-01T21:39:12Z', 'today', undefined],
    ['without a Date', '2018-04-01T21:39:12Z', undefined, undefined],
  ])('%s', (_, date, answered, expected) => {
    const headers = new Headers(answered === undefined ? {} : { date: answered });
    expect(untilMs(date, headers)).toBe(expected);
  });

  test('without an offset is UTC, wherever the machine is', () => {
    vi.stubEnv('TZ', 'America/New_York');
    expect(new Date(2018, 3, 1).getTimezoneOffset()).toBe(240);
    expect(untilMs('2018-04-01T21:39:12', new Headers({ date: dated }))).toBe(3_600_000);
  });
});
