import { Hono } from 'hono';
import { unsignedJwt } from './random-token.js';
import type { TokenResult, Vendor } from './vendor.js';
import { bearerOf, isAuthPath, json, readForm } from './wire-kit.js';

export interface JoorClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * JOOR: a multipart login at /auth/, and the endpoints of the Keycloak behind it, here at /auth/token and /auth/revoke.
 * Statuses, words and what ends a session are as seen from Keycloak 26.7.3 with rotation and brute-force protection;
 * which version JOOR runs is not known.
 */
export function joorServer(
  vendor: Vendor,
  client: JoorClient,
  api: (request: Request) => Response | Promise<Response>,
): Hono {
  const server = new Hono();

  const grant = (account: string, session?: string): TokenResult => {
    const { accessTokenLifetimeMs, refreshTokenLifetimeMs } = vendor.settings;
    const iat = Math.floor(vendor.now() / 1000);
    const jwt = (lifetimeMs: number): string =>
      unsignedJwt({ sub: account, iat, exp: iat + lifetimeMs / 1000 });
    const issued = vendor.issue(account, jwt, () => jwt(refreshTokenLifetimeMs), session);
    const answer = {
      access_token: issued.accessToken,
      expires_in: accessTokenLifetimeMs / 1000,
      refresh_expires_in: refreshTokenLifetimeMs / 1000,
      refresh_token: issued.refreshToken,
      token_type: 'Bearer',
      'not-before-policy': 0,
      session_state: issued.session,
      scope: 'email profile',
    };
    return { outcome: 'issued', issued: issued.refreshId, response: vendor.tokenAnswer(answer) };
  };
  const refusedClient = (form: ReadonlyMap<string, string>): TokenResult | undefined => {
    const text = 'Invalid client or Invalid client credentials';
    if (form.get('client_id') !== client.clientId) return refused(401, 'invalid_client', text);
    if (form.get('client_secret') === client.clientSecret) return undefined;
    return refused(401, 'unauthorized_client', text);
  };

  server.post('/auth/', async ({ req }) => {
    const form = await readForm(req.raw, ['multipart/form-data']);
    const account = form?.get('username');
    return vendor.tokenCall({ endpoint: 'login', account }, () => {
      if (form?.get('grant_type') !== 'password') {
        return malformed(400, 'unsupported_grant_type', 'Unsupported grant_type');
      }
      const wrongClient = refusedClient(form);
      if (wrongClient !== undefined) return wrongClient;
      const verdict = vendor.checkPassword(account, form.get('password'));
      if (verdict === 'right') return grant(account as string);
      if (verdict === 'disabled') return refused(400, 'invalid_grant', 'Account disabled');
      if (verdict === 'not_set_up') return refused(400, 'invalid_grant', 'Account is not fully set up');
      // A locked account is told from a wrong password by nobody but an administrator.
      const outcome = verdict === 'locked' ? 'locked' : 'refused';
      return { ...refused(400, 'invalid_grant', 'Invalid user credentials'), outcome };
    });
  });

  server.post('/auth/token', async ({ req }) => {
    const form = await readForm(req.raw, ['application/x-www-form-urlencoded']);
    const refreshToken = form?.get('refresh_token');
    return vendor.refreshCall(refreshToken, (presented) => {
      if (form?.get('grant_type') !== 'refresh_token') {
        return malformed(400, 'unsupported_grant_type', 'Unsupported grant_type');
      }
      // It does not spend the refresh token.
      const wrongClient = refusedClient(form);
      if (wrongClient !== undefined) return wrongClient;
      if (presented.state === 'unknown') return refused(400, 'invalid_grant', 'Invalid refresh token');
      if (presented.state === 'revoked') return refused(400, 'invalid_grant', 'Session not active');
      if (presented.state === 'spent') {
        // The token may be stolen: the session ends, its newest token included.
        vendor.tokens.endSession(presented.session);
        const text = 'Maximum allowed refresh token reuse exceeded';
        return { ...refused(400, 'invalid_grant', text), outcome: 'reused' };
      }
      if (presented.state === 'expired') return refused(400, 'invalid_grant', 'Token is not active');
      if (vendor.stateOf(presented.account) === 'disabled')
        return refused(400, 'invalid_grant', 'User disabled');
      vendor.tokens.spend(refreshToken as string);
      return grant(presented.account, presented.session);
    });
  });

  // RFC 7009: 200 with an empty body, for a token that the server does not know too.
  server.post('/auth/revoke', async ({ req }) => {
    const form = await readForm(req.raw, ['application/x-www-form-urlencoded']);
    const token = form?.get('token');
    return vendor.tokenCall({ endpoint: 'revoke' }, () => {
      if (form === undefined || token === undefined)
        return malformed(400, 'invalid_request', 'Token not provided');
      const wrongClient = refusedClient(form);
      if (wrongClient !== undefined) return wrongClient;
      const session = vendor.tokens.sessionOf(token);
      if (session !== undefined) vendor.tokens.endSession(session);
      return { outcome: 'revoked', response: new Response(null, { status: 200 }) };
    });
  });

  server.all('*', ({ req }) => {
    if (isAuthPath(req.raw)) return json(404, { error: 'not_found' });
    return vendor.apiCall(
      bearerOf(req.raw),
      () => json(401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' }),
      () => api(req.raw),
    );
  });
  return server;
}

function refused(status: number, error: string, error_description: string): TokenResult {
  return { outcome: 'refused', response: json(status, { error, error_description }) };
}

function malformed(status: number, error: string, error_description: string): TokenResult {
  return { outcome: 'malformed', response: json(status, { error, error_description }) };
}
