import type { AuthSession, TokenSet } from '@auth/core';
import { authInterceptor } from '@auth/undici';
import { Agent, request } from 'undici';

const { apiUrl, baseUrl, username, password } = JSON.parse(process.env['LOGIN'] ?? '{}');
const body = new URLSearchParams({ grant_type: 'password', username, password }).toString();
const headers = { 'content-type': 'application/x-www-form-urlencoded' };
const answer = await request(`${baseUrl}/auth/jwt/login`, { method: 'POST', headers, body });
const { access_token: accessToken } = (await answer.body.json()) as { access_token: string };
const tokens: TokenSet = { id: 'only', accessToken, tokenType: 'Bearer', issuedAt: Date.now() };
/** The part of a session that the interceptor calls, so that no provider has to be installed. */
const session: Pick<AuthSession, 'attach' | 'tokenRejected'> = {
  attach(_url, given) {
    given.set('authorization', `Bearer ${accessToken}`);
    return tokens;
  },
  tokenRejected: async () => undefined,
};
const dispatcher = new Agent().compose(authInterceptor(session as AuthSession));
const response = await request(apiUrl, { dispatcher });
if (response.statusCode !== 200) throw new Error(`the API answered ${response.statusCode}`);
await response.body.dump();
await dispatcher.close();
