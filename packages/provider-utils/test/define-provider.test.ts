import type { AuthProvider, ExchangeContext, TokenSet } from '@auth/core';
import { createAuthSession } from '@auth/core';
import { describe, expect, test } from 'vitest';
import { defineProvider, tokensAt } from '../src/index.js';

const options = { baseUrl: 'https://shop.example.com/', username: 'ada', password: 'pw' };
const parse = tokensAt({ accessToken: '' });

/** A shop that answers a login with one JSON string, refreshes nothing, and wants its token in a header of its own. */
const shop = defineProvider({
  name: 'shop',
  login: ({ username, password }) => ({ path: '/rest/token', json: { username, password }, parse }),
  revoke: ({ accessToken }) => ({
    path: '/rest/logout',
    headers: { 'x-auth-token': accessToken },
  }),
  tokenHeaders: ['x-auth-token'],
  authorize: (headers, { accessToken }) => headers.set('x-auth-token', accessToken),
});

function scene(provider: AuthProvider) {
  const seen: string[] = [];
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const { pathname } = new URL(request.url);
    seen.push(`${request.method} ${pathname} ${request.headers.get('x-auth-token')} ${await request.text()}`);
    return pathname === '/rest/token' ? Response.json('a-token') : new Response();
  };
  return { seen, session: createAuthSession(provider, { fetch }) };
}

test.each<[string, unknown]>([
  ['options', null],
  ['name', { login: () => ({}) }],
  ['login', { name: 'shop' }],
  ['login', { name: 'shop', login: 5 }],
  ['refresh', { name: 'shop', login: () => ({}), refresh: 5 }],
  ['authorize', { name: 'shop', login: () => ({}), authorize: 'x' }],
])('a definition whose %s is wrong is refused at once', (name, definition) => {
  expect(() => defineProvider(definition as never)).toThrow(`${name}: expected`);
});

describe('a defined provider', () => {
  test('logs in, writes the token as it should, and revokes', async () => {
    const { seen, session } = scene(shop(options));
    await session.fetch('https://shop.example.com/orders');
    await session.signOut();
    expect(seen).toEqual([
      'POST /rest/token null {"username":"ada","password":"pw"}',
      'GET /orders a-token ',
      'POST /rest/logout a-token ',
    ]);
    session.dispose();
  });

  test('has what was defined, and nothing else', () => {
    const provider = shop(options);
    expect(provider).toMatchObject({
      name: 'shop',
      issuer: 'https://shop.example.com',
      account: '{"username":"ada"}',
      allowedOrigins: ['https://shop.example.com'],
      tokenHeaders: ['x-auth-token'],
    });
    expect(provider.refresh).toBeUndefined();
    const plain = defineProvider({
      name: 'plain',
      login: () => ({ path: '/login', parse }),
      refresh: ({ refreshToken }) => ({ path: '/renew', json: { refreshToken }, parse }),
    })(options);
    expect([plain.revoke, plain.authorize, plain.tokenHeaders]).toEqual([undefined, undefined, undefined]);
    expect(plain.refresh).toBeTypeOf('function');
  });

  test('sends a refresh to its path', async () => {
    const plain = defineProvider({
      name: 'plain',
      login: () => ({ path: '/login', parse }),
      refresh: ({ refreshToken }) => ({ path: '/renew', json: { refreshToken }, parse }),
    })(options);
    const held: TokenSet = { id: '1', accessToken: 'a', tokenType: 'Bearer', issuedAt: 0, refreshToken: 'r' };
    const context: ExchangeContext = {
      fetch: async (input, init) => Response.json(`${String(input)} ${init?.body}`),
      signal: new AbortController().signal,
    };
    expect(await plain.refresh?.(held, context)).toMatchObject({
      accessToken: 'https://shop.example.com/renew {"refreshToken":"r"}',
    });
  });

  test.each(['m/login', '.evil.net/login', ':8443/x', '//evil.net', '/a\\b', '', undefined])(
    'sends nothing to the path %j',
    async (path) => {
      const provider = defineProvider({ name: 'odd', login: async () => ({ path: path as string, parse }) });
      const { seen, session } = scene(provider(options));
      await expect(session.getTokens()).rejects.toMatchObject({ code: 'invalid_options' });
      expect(seen).toEqual([]);
      session.dispose();
    },
  );

  test('that throws while it describes a call has sent nothing', async () => {
    const provider = defineProvider({
      name: 'odd',
      login: () => {
        throw new TypeError('password=pw');
      },
    });
    const { seen, session } = scene(provider(options));
    const error = { code: 'network', delivery: 'not_sent', detail: 'TypeError' };
    await expect(session.getTokens()).rejects.toMatchObject(error);
    expect(seen).toEqual([]);
    session.dispose();
  });

  test.each([
    ['options', undefined],
    ['username', { ...options, username: '' }],
    ['password', { ...options, password: '' }],
    ['baseUrl', { ...options, baseUrl: 'shop' }],
  ])('wrong %s are refused by name', (option, wrong) => {
    expect(() => shop(wrong as never)).toThrow(`${option}: expected`);
  });
});
