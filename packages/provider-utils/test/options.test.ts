import { describe, expect, test } from 'vitest';
import {
  assertOneOf,
  assertOptions,
  assertPath,
  assertSecret,
  assertText,
  invalidOption,
  type Secret,
  secretOf,
  serverLocationOf,
} from '../src/index.js';

describe('what an option may be', () => {
  test.each<[string, () => void]>([
    ['an object', () => assertOptions({})],
    ['a text', () => assertText('username', 'ada')],
    ['a secret as text', () => assertSecret('password', 'canary-secret')],
    ['a secret as a function', () => assertSecret('password', () => 'canary-secret')],
    ['one of the allowed words', () => assertOneOf('mode', 'b', ['a', 'b'])],
    ['the root path', () => assertPath('path', '/')],
    ['a path with several segments', () => assertPath('path', '/auth/jwt/postman_refresh')],
    ['a path with an escaped blank', () => assertPath('path', '/a%20b')],
  ])('%s is accepted', (_, check) => {
    expect(check).not.toThrow();
  });

  test.each<[string, () => void, string]>([
    ['options that are missing', () => assertOptions(undefined), 'options: expected an object'],
    ['options that are null', () => assertOptions(null), 'options: expected an object'],
    ['options that are a text', () => assertOptions('canary-secret'), 'options: expected an object'],
    ['a text that is missing', () => assertText('username', undefined), 'username: expected a string'],
    [
      'a text that is empty',
      () => assertText('username', ''),
      'username: expected a string that is not empty',
    ],
    ['a text that is a list', () => assertText('username', ['canary-secret']), 'username: expected a string'],
    ['a secret that is missing', () => assertSecret('password', undefined), 'password: expected a string'],
    ['a secret that is empty', () => assertSecret('password', ''), 'password: expected a string'],
    [
      'a secret that is an object',
      () => assertSecret('password', { value: 'canary-secret' }),
      'password: expected a string that is not empty, or a function that returns one',
    ],
    ['another word', () => assertOneOf('mode', 'canary-secret', ['a', 'b']), 'mode: expected one of a, b'],
    ['no word', () => assertOneOf('mode', undefined, ['a', 'b']), 'mode: expected one of a, b'],
  ])('%s is refused under the name of the option, and its value is not shown', (_, check, message) => {
    expect(check).toThrow(expect.objectContaining({ code: 'invalid_options' }));
    expect(check).toThrow(message);
    expect(check).not.toThrow('canary-secret');
  });

  test.each<[string, unknown]>([
    ['an empty path', ''],
    ['a path without a slash', 'auth'],
    ['a path that begins with two slashes, and so with a host', '//evil.example/auth'],
    ['a path with a backslash, which URL parsers read as a slash', '/\\evil.example'],
    ['a path with a query', '/auth?next=x'],
    ['a path with a fragment', '/auth#x'],
    ['a path with a blank', '/a b'],
    ['a path with a line break', '/auth\n'],
    ['a whole URL', 'https://evil.example/auth'],
    ['a number', 5],
  ])('%s is refused', (_, path) => {
    expect(() => assertPath('postmanPath', path)).toThrow(
      'postmanPath: expected a path that begins with one slash',
    );
  });

  test('an error for an option says its name and what was expected', () => {
    expect(invalidOption('accountId', 'a whole number')).toMatchObject({
      code: 'invalid_options',
      detail: 'accountId: expected a whole number',
    });
  });
});

describe('the value of a secret', () => {
  test.each<[string, Secret]>([
    ['a text', 'the secret'],
    ['a function', () => 'the secret'],
    ['a function that takes its time', async () => 'the secret'],
  ])('%s gives it', async (_, secret) => {
    expect(await secretOf('password', secret)).toBe('the secret');
  });

  test('a function is asked again for each use', async () => {
    let asked = 0;
    const secret = () => `secret ${++asked}`;
    expect(await secretOf('password', secret)).toBe('secret 1');
    expect(await secretOf('password', secret)).toBe('secret 2');
  });

  test.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new RangeError('canary-secret');
      },
      'its function threw RangeError',
    ],
    ['rejects', async () => Promise.reject(new TypeError('canary-secret')), 'its function threw TypeError'],
    ['gives nothing', () => undefined, 'its function returned no text'],
    ['gives an empty text', async () => '', 'its function returned no text'],
    ['gives an object', () => ({ password: 'canary-secret' }), 'its function returned no text'],
  ])('a function that %s: nothing was sent, and what it knows is dropped', async (_, secret, detail) => {
    const error = await secretOf('clientSecret', secret as Secret).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'credentials_unavailable',
      delivery: 'not_sent',
      detail: `clientSecret: ${detail}`,
    });
    expect(`${(error as Error).stack}${JSON.stringify(error)}`).not.toContain('canary-secret');
    expect((error as Error).cause).toBeUndefined();
  });
});

describe('where a server is, and where its tokens may go', () => {
  test.each([
    ['https://auth.example.com', 'https://auth.example.com'],
    ['https://AUTH.Example.com/', 'https://auth.example.com'],
    ['https://auth.example.com:443//', 'https://auth.example.com'],
    ['http://localhost:8080/', 'http://localhost:8080'],
    ['https://auth.example.com/v1/', 'https://auth.example.com/v1'],
    ['https://auth.example.com/V1', 'https://auth.example.com/V1'],
  ])('%s is the issuer %s', (baseUrl, issuer) => {
    expect(serverLocationOf({ baseUrl }).issuer).toBe(issuer);
  });

  const preset = { issuer: 'https://vendor.example/auth/', allowedOrigins: ['https://api.vendor.example'] };
  const proxy = 'https://proxy.example/auth';

  test.each([
    [
      'the preset alone: its list, without the auth server',
      {},
      preset,
      { issuer: 'https://vendor.example/auth', allowedOrigins: ['https://api.vendor.example'] },
    ],
    [
      'a baseUrl: it replaces the preset’s, and its origin joins the preset’s list',
      { baseUrl: proxy },
      preset,
      { issuer: proxy, allowedOrigins: ['https://api.vendor.example', 'https://proxy.example'] },
    ],
    [
      'a list: it replaces the preset’s',
      { allowedOrigins: ['https://api.example'] },
      preset,
      { issuer: 'https://vendor.example/auth', allowedOrigins: ['https://api.example'] },
    ],
    [
      'an empty list and the preset’s server: tokens go nowhere',
      { allowedOrigins: [] },
      preset,
      { issuer: 'https://vendor.example/auth', allowedOrigins: [] },
    ],
    [
      'a baseUrl and no preset: its origin alone',
      { baseUrl: proxy },
      undefined,
      { issuer: proxy, allowedOrigins: ['https://proxy.example'] },
    ],
    [
      'an origin that is listed twice stands there once',
      { baseUrl: proxy, allowedOrigins: ['https://proxy.example', 'https://a.example', 'https://a.example'] },
      undefined,
      { issuer: proxy, allowedOrigins: ['https://proxy.example', 'https://a.example'] },
    ],
  ])('%s', (_, options, presetOrNone, place) => {
    expect(serverLocationOf(options, presetOrNone)).toEqual(place);
  });

  test.each<[string, object]>([
    ['baseUrl', {}],
    ['baseUrl', { baseUrl: 'auth.example.com' }],
    ['baseUrl', { baseUrl: 'ftp://auth.example.com' }],
    ['baseUrl', { baseUrl: 'https://ada:canary-secret@auth.example.com' }],
    ['baseUrl', { baseUrl: 'https://auth.example.com?key=canary-secret' }],
    ['baseUrl', { baseUrl: 5 }],
    [
      'allowedOrigins',
      { baseUrl: 'https://auth.example.com', allowedOrigins: 'https://canary-secret.example' },
    ],
    ['allowedOrigins', { baseUrl: 'https://auth.example.com', allowedOrigins: {} }],
  ])('%s is refused in %j', (option, options) => {
    expect(() => serverLocationOf(options)).toThrow(expect.objectContaining({ code: 'invalid_options' }));
    expect(() => serverLocationOf(options)).toThrow(`${option}: expected`);
    expect(() => serverLocationOf(options)).not.toThrow('canary-secret');
  });

  test('sessions on one server share one place, which none of them can change', () => {
    const place = serverLocationOf(
      { baseUrl: 'https://shared.example' },
      { allowedOrigins: ['https://api.example'] },
    );
    expect(
      serverLocationOf({ baseUrl: 'https://shared.example', allowedOrigins: ['https://api.example'] }),
    ).toBe(place);
    expect(Object.isFrozen(place)).toBe(true);
    expect(Object.isFrozen(place.allowedOrigins)).toBe(true);
  });

  test.each<[string, object, object]>([
    ['baseUrl', { baseUrl: 'https://a.example' }, { baseUrl: 'https://b.example' }],
    [
      'allowedOrigins',
      { baseUrl: 'https://a.example', allowedOrigins: ['https://x.example'] },
      { baseUrl: 'https://a.example', allowedOrigins: ['https://y.example'] },
    ],
    [
      'the number of origins',
      { baseUrl: 'https://a.example', allowedOrigins: ['https://x.example', 'https://y.example'] },
      { baseUrl: 'https://a.example', allowedOrigins: ['https://x.example,https://y.example'] },
    ],
  ])('places that differ in %s are kept apart', (_, first, second) => {
    expect(serverLocationOf(first)).not.toEqual(serverLocationOf(second));
  });

  test('places with different presets are kept apart', () => {
    const issuers = ['https://one.example', 'https://two.example'].map(
      (issuer) => serverLocationOf({}, { issuer }).issuer,
    );
    expect(issuers).toEqual(['https://one.example', 'https://two.example']);
  });

  test('a URL object is not taken for the text that it would be written as', () => {
    const text = 'https://object.example/';
    serverLocationOf({ baseUrl: text, allowedOrigins: [text] });
    expect(() => serverLocationOf({ baseUrl: new URL(text) as never, allowedOrigins: [text] })).toThrow(
      'baseUrl: expected',
    );
    // The session, which checks each origin, must get what was given.
    const origin = new URL(text);
    expect(serverLocationOf({ baseUrl: text, allowedOrigins: [origin as never] }).allowedOrigins[0]).toBe(
      origin,
    );
  });

  test('a program that opens very many servers does not keep them all in memory', () => {
    const first = serverLocationOf({ baseUrl: 'https://first.example' });
    for (let number = 0; number <= 256; number++) {
      expect(serverLocationOf({ baseUrl: `https://${number}.many.example` }).issuer).toBe(
        `https://${number}.many.example`,
      );
    }
    const again = serverLocationOf({ baseUrl: 'https://first.example' });
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });
});
