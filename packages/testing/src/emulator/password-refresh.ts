import { Hono } from 'hono';
import type { TokenResult, Vendor } from './vendor.js';
import { bearerOf, isAuthPath, json, readForm } from './wire-kit.js';

/**
 * Simacan: urlencoded forms, JWTs, single-use refresh tokens, and 401 for everything refused, as its page says. A reused
 * refresh token ends its session, as seen from Keycloak 26.7.3, which Simacan runs in a version that is not known.
 */
export function passwordRefreshServer(
  vendor: Vendor,
  api: (request: Request) => Response | Promise<Response>,
): Hono {
  const server = new Hono();
  const types = ['application/x-www-form-urlencoded'] as const;

  const grant = (account: string, session?: string): TokenResult => {
    const issued = vendor.issueJwts(account, session);
    const answer = {
      access_token: issued.accessToken,
      refresh_token: issued.refreshToken,
      token_type: 'bearer',
      expires_in: vendor.settings.accessTokenLifetimeMs / 1000,
    };
    return { outcome: 'issued', issued: issued.refreshId, response: vendor.tokenAnswer(answer) };
  };

  server.post('/auth/password', async ({ req }) => {
    const form = await readForm(req.raw, types);
    const account = form?.get('username');
    return vendor.tokenCall({ endpoint: 'login', account }, () => {
      if (account === undefined)
        return { outcome: 'malformed', response: json(400, { error: 'invalid_request' }) };
      const verdict = vendor.accounts.checkPassword(account, form?.get('password'));
      if (verdict === 'right') return grant(account);
      return {
        outcome: verdict === 'locked' ? 'locked' : 'refused',
        response: json(401, { error: 'unauthorized' }),
      };
    });
  });

  server.post('/auth/refresh', async ({ req }) => {
    const refreshToken = (await readForm(req.raw, types))?.get('refresh_token');
    return vendor.refreshCall(refreshToken, (presented) => {
      if (presented.state === 'spendable') {
        vendor.tokens.spend(refreshToken as string);
        return grant(presented.account, presented.session);
      }
      if (presented.state === 'spent') vendor.tokens.endSession(presented.session);
      return {
        outcome: presented.state === 'spent' ? 'reused' : 'refused',
        response: json(401, { error: 'unauthorized' }),
      };
    });
  });

  server.all('*', ({ req }) => {
    if (isAuthPath(req.raw)) return json(404, { error: 'not_found' });
    return vendor.apiCall(
      bearerOf(req.raw),
      () => json(401, { error: 'unauthorized' }),
      () => api(req.raw),
    );
  });
  return server;
}
