import { AuthError, type AuthProvider, type ExchangeContext, type TokenSet } from '@auth/core';
import { describe, expect, test, vi } from 'vitest';
import { type AccountSettings, passwordProvider, type Vendor } from '../src/index.js';

interface Settings extends AccountSettings {
  readonly username: string;
}

const place = { issuer: 'https://auth.example.com', allowedOrigins: ['https://api.example.com'] };
const held: TokenSet = { id: 'a', accessToken: 'held', tokenType: 'Bearer', issuedAt: 0, refreshToken: 'r1' };

/** A vendor whose calls name what they were made of. */
const acme: Vendor<Settings, Record<string, unknown>> = {
  name: 'acme',
  loadCalls: async () => ({
    login: ({ issuer, username }, { password, clientSecret }) => ({
      url: `${issuer}/token`,
      body: new URLSearchParams({ username, password, ...(clientSecret && { clientSecret }) }),
      parse: ({ body }) => ({ accessToken: String(body) }),
    }),
    refresh: ({ issuer }, { refreshToken = '' }) => ({
      url: `${issuer}/token`,
      body: new URLSearchParams({ refreshToken }),
      parse: ({ body }) => ({ accessToken: String(body) }),
    }),
  }),
  identityOf: ({ username }) => ({ username }),
};

/** A transport that gives the form back as the token. */
const echo: ExchangeContext = {
  fetch: async (_, init) => Response.json(init?.body),
  signal: new AbortController().signal,
};

function open(settings: Partial<Settings>, vendor: Partial<typeof acme> = {}): AuthProvider {
  return passwordProvider({ ...acme, ...vendor }, { ...place, username: 'ada', ...settings });
}

describe('a provider with a password', () => {
  test('it names the account without a secret', () => {
    const { name, issuer, account, allowedOrigins } = open({ password: 'pw', clientSecret: 'cs' });
    expect({ name, issuer, account, allowedOrigins }).toEqual({
      ...place,
      name: 'acme',
      account: '{"username":"ada"}',
    });
  });

  test('it logs in with the configured secrets, each asked for once', async () => {
    const password = vi.fn(async () => 'pw');
    const clientSecret = vi.fn(() => 'cs');
    const prepared = await open({ password, clientSecret }).prepareLogin?.();
    expect(prepared?.secrets).toEqual(['pw', 'cs']);
    expect(await prepared?.login(echo)).toEqual({ accessToken: 'username=ada&password=pw&clientSecret=cs' });
    expect([password, clientSecret].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  test('a person signs in with a typed password, where one is configured and where none is', async () => {
    for (const password of ['configured', undefined]) {
      const prepared = await open({ password }).prepareSignIn?.('typed');
      expect(prepared?.secrets).toEqual(['typed']);
      expect(await prepared?.login(echo)).toEqual({ accessToken: 'username=ada&password=typed' });
    }
  });

  test('without a password there is no login of its own', () => {
    expect(open({}).prepareLogin).toBeUndefined();
  });

  test('a password that cannot be had prepares no login', async () => {
    await expect(open({ password: () => '' }).prepareLogin?.()).rejects.toMatchObject({
      code: 'credentials_unavailable',
      detail: 'password: its function returned no text',
    });
  });

  test.each([[''], [null], [5]])('%j is refused as a password before anybody logs in', (password) => {
    expect(() => open({ password: password as never })).toThrow('password: expected a string');
  });

  test('it refreshes, unless the server does not refresh this account', async () => {
    expect(await open({}).refresh?.(held, echo)).toEqual({ accessToken: 'refreshToken=r1' });
    expect(open({}, { canRefresh: () => false }).refresh).toBeUndefined();
  });

  test('it writes the token into the headers that the vendor names', () => {
    const { tokenHeaders, authorize } = open({});
    expect([tokenHeaders, authorize]).toEqual([undefined, undefined]);
    const provider = open({}, { tokenHeaders: () => ['x-a', 'x-b'] });
    const headers = new Headers();
    provider.authorize?.(headers, held);
    expect(provider.tokenHeaders).toEqual(['x-a', 'x-b']);
    expect([...headers]).toEqual([
      ['x-a', 'Bearer held'],
      ['x-b', 'Bearer held'],
    ]);
  });

  test('it asks the vendor whether an answer refuses the token', () => {
    expect(open({}).isTokenRejected).toBeUndefined();
    const { isTokenRejected } = open({}, { isTokenRejected: ({ status }) => status === 403 });
    expect(
      isTokenRejected?.({
        status: 403,
        headers: new Headers(),
        url: 'https://api.example.com/',
        redirected: false,
      }),
    ).toBe(true);
  });

  test('it passes on the vendor’s rules about bodies and hosts', () => {
    const rules = { isBodyRejected: { test: () => true, read: () => true }, originsOf: () => [] };
    expect([open({}).isBodyRejected, open({}).originsOf]).toEqual([undefined, undefined]);
    expect(open({}, rules)).toMatchObject(rules);
  });

  test.each(['a\nb', 'a\r\n', 'a\r'])(
    '%j is not sent as multipart, which would change it',
    {
      tags: ['fault-126'],
    },
    async (secret) => {
      const vendor = { isMultipart: true };
      for (const name of ['password', 'clientSecret']) {
        const refusal = { code: 'invalid_options', detail: expect.stringContaining(`${name}: multipart`) };
        expect(() => open({ password: 'pw', [name]: secret }, vendor)).toThrow(
          expect.objectContaining(refusal),
        );
        const later = open({ password: 'pw', [name]: () => secret }, vendor);
        await expect(later.prepareLogin?.()).rejects.toMatchObject(refusal);
      }
      await expect(open({}, vendor).prepareSignIn?.(secret)).rejects.toMatchObject({
        code: 'invalid_options',
      });
      const other = await open({ password: secret }).prepareLogin?.();
      expect(other?.secrets).toEqual([secret]);
    },
  );

  test.each(['invalid_credentials', 'client_refused'] as const)(
    'a line break at the end of a secret is hinted at where the server says %s',
    { tags: ['fault-126'] },
    async (code) => {
      const refusing = {
        loadCalls: async () => ({
          login: (): never => {
            throw new AuthError(code, { provider: 'test', status: 401, delivery: 'answered' });
          },
        }),
      };
      for (const [secrets, hint] of [
        [{ password: 'right\n' }, 'the password ends in a line break'],
        [{ password: 'right', clientSecret: 'right\n' }, 'the clientSecret ends in a line break'],
      ] as const) {
        const prepared = await open(secrets, refusing).prepareLogin?.();
        const error = await prepared?.login(echo).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code, status: 401, detail: expect.stringContaining(hint) });
        expect(String(error)).not.toContain('right');
      }
    },
  );

  test('a sign-out ends the session at a server that can', async () => {
    expect(open({}).revoke).toBeUndefined();
    const { revoke } = open({}, { canRevoke: () => true });
    expect(revoke).toBeTypeOf('function');
  });

  test('the client’s secret alone is what a refusal of the client is about', async () => {
    expect(open({}).clientSecrets).toBeUndefined();
    expect(await open({ password: 'pw', clientSecret: () => 'cs' }).clientSecrets?.()).toEqual(['cs']);
  });

  test('preload starts to load the calls at once', () => {
    const loadCalls = vi.fn(acme.loadCalls);
    const provider = open({}, { loadCalls });
    expect(loadCalls).not.toHaveBeenCalled();
    provider.preload?.();
    expect(loadCalls).toHaveBeenCalledOnce();
  });

  test('inspecting it shows no secret', async () => {
    const { inspect } = await import('node:util');
    const provider = open({ password: 'canary-password', clientSecret: 'canary-secret' });
    expect(inspect(provider, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain('canary');
    expect(JSON.stringify(provider)).not.toContain('canary');
  });
});
