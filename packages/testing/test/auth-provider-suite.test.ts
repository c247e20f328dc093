import { AuthError, type AuthProvider } from '@auth/core';
import { describe, expect, test } from 'vitest';
import { authProviderSuite, type ProviderFixture } from '../src/conformance/index.js';

describe('the suite finds what a provider breaks', () => {
  const issuer = 'https://auth.example.com';

  /** A provider written in a hurry. */
  function careless(password: string): AuthProvider {
    return {
      name: 'careless',
      issuer,
      account: `ada:${password}`,
      allowedOrigins: [issuer],
      prepareLogin: () => ({
        secrets: [password],
        login: async ({ fetch }) => {
          const response = await fetch(`${issuer}/login?password=${password}`, { method: 'POST' });
          if (!response.ok) throw new Error(`login with ${password} failed: ${response.status}`);
          const { token } = (await response.json()) as { token: string };
          return { accessToken: token };
        },
      }),
    };
  }

  async function brokenGuarantees(fixture: () => ProviderFixture): Promise<string> {
    const broken: string[] = [];
    const tests: [string, () => Promise<void>][] = [];
    authProviderSuite((name, run) => tests.push([name, run]), fixture);
    for (const [name, run] of tests)
      await run().catch((error: Error) => broken.push(`${name}: ${error.message}`));
    return broken.join('\n');
  }

  test('an undeclared header, hosts beyond the patterns, refusals untold, a client secret that no login names', async () => {
    const provider: AuthProvider = {
      ...careless('right-password'),
      authorize: (headers, { accessToken }) => headers.set('x-token', accessToken),
      clientSecrets: () => ['client-secret'],
      isTokenRejected: ({ status }) => status === 404,
      isBodyRejected: { test: ({ status }) => status === 200, read: (text) => text.includes('ended') },
      originsOf: () => ['https://evil.example.net'],
      revoke: async ({ accessToken }, { fetch }) =>
        void (await fetch(`${issuer}/revoke?token=${accessToken}`)),
    };
    const found = await brokenGuarantees(() => ({
      provider,
      refused: careless('wrong-password'),
      fetch: async () => Response.json({ token: 'token-1' }),
      secrets: ['right-password', 'wrong-password'],
      refusals: [Response.json({ error: 'ended' }), new Response('no', { status: 401 })],
    }));
    for (const guarantee of [
      'its client are among those of a login: a login does not name a client secret',
      'the headers that it declares: tokenHeaders does not name x-token',
      'told from its other answers: 401 is taken for no refusal by isTokenRejected or isBodyRejected: give',
      'within its patterns: allowedOrigins has no pattern for a learnt host',
      'can be revoked, if the provider can: a URL holds a secret',
    ]) {
      expect(found).toContain(guarantee);
    }
  });

  test('a password in a query, calls to another host, headers that are the same for every token', async () => {
    const hasty: AuthProvider = {
      ...careless('her password'),
      account: 'ada',
      tokenHeaders: ['x-token'],
      authorize: (headers) => headers.set('x-token', 'always'),
      prepareLogin: () => ({
        secrets: ['her password'],
        login: async ({ fetch }) => {
          await fetch(`https://collector.example/?${new URLSearchParams({ p: 'her password' })}`);
          return { accessToken: 'token-1' };
        },
      }),
    };
    const found = await brokenGuarantees(() => ({
      provider: hasty,
      refused: careless('wrong-password'),
      fetch: async () => Response.json({ token: 't' }),
      secrets: ['her password'],
    }));
    expect(found).toContain('never in a URL: a URL holds a secret');
    expect(found).toContain('the headers do not tell one token from another');
    const elsewhere = await brokenGuarantees(() => ({
      provider: hasty,
      refused: careless('wrong-password'),
      fetch: async () => Response.json({ token: 't' }),
      secrets: [],
    }));
    expect(elsewhere).toContain('a call goes to https://collector.example');
  });

  test('a forgotten authorize, and a life that is not found', async () => {
    const forgetful: AuthProvider = {
      ...careless('right-password'),
      account: 'ada',
      tokenHeaders: ['x-token'],
      // The API refuses with 200.
      isBodyRejected: { test: ({ status }) => status === 200, read: (text) => text.includes('false') },
    };
    const found = await brokenGuarantees(() => ({
      provider: forgetful,
      refused: careless('wrong-password'),
      fetch: async (input, init) => {
        const { url, headers } = new Request(input, init);
        if (!url.endsWith('/orders')) return Response.json({ token: 'token-1', seconds: 600 });
        return Response.json({ isKnown: headers.has('x-token') });
      },
      secrets: [],
      apiUrl: `${issuer}/orders`,
      lifeMs: 600_000,
    }));
    for (const guarantee of [
      'the headers that it declares: tokenHeaders, where no authorize writes others',
      'the life of a token is the one that is given: the provider finds no end, not 600000 ms',
      'the API takes the token: it answers 200: does authorize write',
    ]) {
      expect(found).toContain(guarantee);
    }
    const open = await brokenGuarantees(() => ({
      provider: forgetful,
      refused: careless('wrong-password'),
      fetch: async () => Response.json({ token: 'token-1' }),
      secrets: [],
      apiUrl: `${issuer}/public`,
    }));
    expect(open).toContain('the API takes the token: apiUrl answers without a token too');
  });

  test('a code among the secrets, and a code that is sent twice', async () => {
    let asked = 0;
    const withCode = (code: () => string): AuthProvider => ({
      ...careless('right-password'),
      prepareLogin: () => {
        const [listed, first] = [code(), code()];
        return {
          secrets: ['right-password', ...(listed === '' ? [] : [listed])],
          oneTimeCode: true,
          login: async ({ fetch }) => {
            await fetch(issuer, { method: 'POST', body: first });
            return { accessToken: 't' };
          },
        };
      },
    });
    const found = async (provider: AuthProvider): Promise<string> =>
      brokenGuarantees(() => ({
        provider,
        refused: careless('wrong-password'),
        fetch: async () => Response.json({ token: 't' }),
        secrets: ['right-password'],
      }));
    expect(await found(withCode(() => String(asked++)))).toContain('the secrets of two logins');
    expect(await found(withCode(() => ''))).toContain('two attempts sent the same code');
  });

  test('a secret in account, URL and error, a refusal untold, a page taken for tokens', async () => {
    const fixture = (): ProviderFixture => ({
      provider: careless('right-password'),
      refused: careless('wrong-password'),
      fetch: async (input) =>
        String(input).includes('right') ? Response.json({ token: 't' }) : Response.json({}, { status: 401 }),
      secrets: ['right-password', 'wrong-password'],
    });
    const found = await brokenGuarantees(fixture);
    for (const guarantee of [
      'it says who it is, and no secret: account holds a secret',
      'a refused password is invalid_credentials',
      'never in a URL: a URL holds a secret',
      'JSON without a token is neither a token nor a refusal',
      '429 is rate_limited',
    ]) {
      expect(found).toContain(guarantee);
    }
    expect(found).not.toContain('a login brings a token');
    expect(new AuthError('network')).toBeInstanceOf(Error);
  });
});
