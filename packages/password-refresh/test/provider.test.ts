import type { ExchangeContext, TokenSet } from '@auth/core';
import { describe, expect, test } from 'vitest';
import {
  createPasswordRefreshAuth,
  type PasswordRefreshExtra,
  type PasswordRefreshProviderOptions,
  passwordRefreshProvider,
  simacan,
} from '../src/index.js';

const account = { ...simacan('staging'), username: 'ada', password: 'p&ss=wörd' };

/** A transport that keeps what it was asked to send, and answers with a token. */
function answering(): ExchangeContext & { readonly sent: { url: string; form: string }[] } {
  const sent: { url: string; form: string }[] = [];
  return {
    sent,
    signal: new AbortController().signal,
    fetch: async (input, init) => {
      sent.push({ url: String(input), form: String(init?.body) });
      return Response.json({ access_token: 'a' });
    },
  };
}

const stored: TokenSet<PasswordRefreshExtra> = {
  id: '1',
  accessToken: 'a',
  tokenType: 'bearer',
  issuedAt: 0,
};

describe('options', () => {
  test.each([
    ['username', { username: undefined }],
    ['password', { password: {} }],
    ['baseUrl', { baseUrl: 'auth.example.com' }],
  ])('%s is checked at construction', (name, wrong) => {
    expect(() => createPasswordRefreshAuth({ ...account, ...wrong } as never)).toThrow(`${name}: expected`);
  });

  test.each<[string, unknown, string]>([
    ['no options', undefined, 'options: expected an object'],
    ['options that are a text', 'ada', 'options: expected an object'],
    ['an empty username', { ...account, username: '' }, 'username: expected a string'],
    ['an empty password', { ...account, password: '' }, 'password: expected a string'],
    ['no server', { username: 'ada', password: 'p' }, 'baseUrl: expected'],
    ['a list of origins that is none', { ...account, allowedOrigins: '*' }, 'allowedOrigins: expected'],
  ])('%s: the provider is not made', (_, options, message) => {
    const make = () => passwordRefreshProvider(options as PasswordRefreshProviderOptions);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_options' }));
    expect(make).toThrow(message);
  });

  test('any server of this kind can take Simacan’s place, and its own origin may see tokens', async () => {
    const context = answering();
    const provider = passwordRefreshProvider({
      baseUrl: 'https://API.example.com/v2/',
      username: 'ada',
      password: 'p',
    });
    expect(provider).toMatchObject({
      issuer: 'https://api.example.com/v2',
      allowedOrigins: ['https://api.example.com'],
    });
    await (await provider.prepareLogin?.())?.login(context);
    await provider.refresh?.({ ...stored, refreshToken: 'r' }, context);
    expect(context.sent.map(({ url }) => url)).toEqual([
      'https://api.example.com/v2/auth/password',
      'https://api.example.com/v2/auth/refresh',
    ]);
  });

  test('the account names the person and holds no secret', () => {
    expect(passwordRefreshProvider(account).account).toBe('{"username":"ada"}');
  });
});

describe('login', () => {
  test('without a password the session never logs in by itself', async () => {
    const context = answering();
    const provider = passwordRefreshProvider({ ...simacan('staging'), username: 'ada' });
    expect(provider.prepareLogin).toBeUndefined();
    const typed = await provider.prepareSignIn?.('typed');
    expect(typed?.secrets).toEqual(['typed']);
    await typed?.login(context);
    expect(context.sent).toEqual([{ url: expect.any(String), form: 'username=ada&password=typed' }]);
  });

  test('a password from a function is asked for at each login', async () => {
    const context = answering();
    let asked = 0;
    const provider = passwordRefreshProvider({ ...account, password: async () => `p${++asked}` });
    expect(asked).toBe(0);
    for (const turn of [1, 2]) {
      const prepared = await provider.prepareLogin?.();
      expect(prepared?.secrets).toEqual([`p${turn}`]);
      await prepared?.login(context);
    }
    expect(context.sent.map(({ form }) => form)).toEqual([
      'username=ada&password=p1',
      'username=ada&password=p2',
    ]);
  });

  test('a password that cannot be had is no answer of the server', async () => {
    const provider = passwordRefreshProvider({
      ...account,
      password: () => {
        throw new RangeError('canary-secret');
      },
    });
    await expect(provider.prepareLogin?.()).rejects.toMatchObject({
      code: 'credentials_unavailable',
      delivery: 'not_sent',
      detail: 'password: its function threw RangeError',
    });
  });
});

describe('refresh', () => {
  test.each([
    ['the stored refresh token is sent', { refreshToken: 'r&1' }, 'refresh_token=r%261'],
    ['without one the field goes out empty, for the server to refuse', {}, 'refresh_token='],
  ])('%s', async (_, tokens, form) => {
    const context = answering();
    await passwordRefreshProvider(account).refresh?.({ ...stored, ...tokens }, context);
    expect(context.sent).toEqual([
      { url: 'https://auth-service-stg.services.simacan.com/api/v1/auth/refresh', form },
    ]);
  });
});

test('preload loads what the first exchange needs', async () => {
  expect(() => passwordRefreshProvider(account).preload?.()).not.toThrow();
  const context = answering();
  await (await passwordRefreshProvider(account).prepareLogin?.())?.login(context);
  expect(context.sent).toHaveLength(1);
});
