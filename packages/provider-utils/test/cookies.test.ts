import { createAuthSession } from '@auth/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { defineProvider, setCookies, tokensAt } from '../src/index.js';

describe('cookies of a login', () => {
  test.each([
    [undefined, 'a=1;b=2', 'a=1; b=2'],
    ['x=9', 'a=1', 'x=9; a=1'],
    ['a=0; x=9', 'a=1', 'a=1; x=9'],
    ['nonsense;;x=a=b', 'a=1', 'x=a=b; a=1'],
  ])('beside %j, %j are sent as %j', (given, cookies, expected) => {
    const headers = new Headers(given === undefined ? {} : { cookie: given });
    setCookies(headers, cookies);
    expect(headers.get('cookie')).toBe(expected);
  });

  const portal = defineProvider({
    name: 'portal',
    login: () => ({
      path: '/login',
      parse: tokensAt({ accessToken: ['cookies'], extra: { csrf: ['header', 'x-csrf-token'] } }),
    }),
    tokenHeaders: ['cookie', 'x-csrf-token'],
    authorize: (headers, { accessToken, extra }) => {
      setCookies(headers, accessToken);
      headers.set('x-csrf-token', String(extra?.['csrf']));
    },
    isTokenRejected: ({ status, redirected, url }) =>
      status === 401 || (redirected && url.endsWith('/login.html')),
  });
  const options = { baseUrl: 'https://portal.example.com', username: 'ada', password: 'pw' };

  test('go out with its CSRF header, and those of a new login take the place of the old', async () => {
    let logins = 0;
    const seen: (string | null)[] = [];
    const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const { url, headers } = new Request(input, init);
      if (url.endsWith('/login')) {
        const cookie = `sid=${++logins}; HttpOnly`;
        return Response.json({}, { headers: { 'set-cookie': cookie, 'x-csrf-token': `c${logins}` } });
      }
      seen.push(`${headers.get('cookie')} ${headers.get('x-csrf-token')}`);
      if (logins > 1) return new Response('orders');
      // The portal answers a dead session with its login page.
      const page = new Response('<html>');
      return Object.defineProperties(page, {
        url: { value: 'https://portal.example.com/login.html' },
        redirected: { value: true },
      });
    };
    using session = createAuthSession(portal(options), { fetch });
    const answer = await session.fetch('https://portal.example.com/orders', { headers: { cookie: 'x=9' } });
    expect(await answer.text()).toBe('orders');
    expect(seen).toEqual(['x=9; sid=1 c1', 'x=9; sid=2 c2']);
  });

  afterEach(() => vi.unstubAllGlobals());

  test('are refused by name where the platform lets no program send any', () => {
    vi.stubGlobal(
      'Request',
      class {
        headers = new Headers();
      },
    );
    expect(() => createAuthSession(portal(options))).toThrow(
      'provider.tokenHeaders: expected no cookie: browsers forbid programs to send one',
    );
  });
});
