import { Hono } from 'hono';
import type { Client } from './keycloak.js';
import { randomText } from './random-token.js';
import type { TokenResult, Vendor } from './vendor.js';
import { bearerOf, json, readForm } from './wire-kit.js';

/**
 * ServiceNow (servicenow.com/docs, "OAuth API request parameters"): a form that names its client; a login within the life of
 * a token returns that token, and a refresh returns the refresh token that it was given. Whatever is wrong, the answer is 401
 * with `server_error` and `access_denied`, as its users report it.
 */
export function serviceNowServer(
  vendor: Vendor,
  client: Client,
  api: (request: Request) => Response | Promise<Response>,
): Hono {
  const server = new Hono();
  const current = new Map<string, { readonly accessToken: string; readonly refreshToken: string }>();

  const answer = (account: string, refreshToken?: string): TokenResult => {
    const held = current.get(account);
    const isLive = held !== undefined && vendor.tokens.accountOf(held.accessToken) === account;
    const isNew = refreshToken !== undefined || !isLive;
    const issued = isNew ? vendor.issue(account, randomText(86), refreshToken ?? randomText(86)) : held;
    current.set(account, issued);
    return {
      outcome: 'issued',
      issued: vendor.tokens.refreshIdOf(issued.refreshToken),
      response: vendor.tokenAnswer({
        access_token: issued.accessToken,
        refresh_token: issued.refreshToken,
        scope: 'useraccount',
        token_type: 'Bearer',
        expires_in: Math.floor(vendor.tokens.lifeLeftMs(issued.accessToken) / 1000),
      }),
    };
  };

  server.post('/oauth_token.do', async ({ req }) => {
    const form = await readForm(req.raw, ['application/x-www-form-urlencoded']);
    const isClient =
      form?.get('client_id') === client.clientId && form.get('client_secret') === client.clientSecret;
    const refreshToken = form?.get('refresh_token');
    if (form?.get('grant_type') === 'refresh_token')
      return vendor.refreshCall(refreshToken, (presented) =>
        isClient && presented.state === 'spendable'
          ? answer(presented.account, refreshToken)
          : denied('refused'),
      );
    const account = form?.get('username');
    return vendor.tokenCall({ endpoint: 'login', account }, () => {
      if (form?.get('grant_type') !== 'password') return denied('malformed');
      if (!isClient) return denied('refused');
      const verdict = vendor.accounts.checkPassword(account, form.get('password'));
      if (verdict === 'right') return answer(account as string);
      return denied(verdict === 'locked' ? 'locked' : 'refused');
    });
  });

  server.all('*', ({ req }) =>
    vendor.apiCall(
      bearerOf(req.raw),
      () => {
        const error = { message: 'User Not Authenticated', detail: 'Required to provide Auth information' };
        return json(401, { error, status: 'failure' });
      },
      () => api(req.raw),
    ),
  );
  return server;
}

function denied(outcome: 'refused' | 'locked' | 'malformed'): TokenResult {
  return { outcome, response: json(401, { error_description: 'access_denied', error: 'server_error' }) };
}
