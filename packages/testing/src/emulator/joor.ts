import { Hono } from 'hono';
import { randomText, unsignedJwt } from './random-token.js';
import type { TokenResult, Vendor } from './vendor.js';
import { bearerOf, isAuthPath, json, readForm } from './wire-kit.js';

export interface JoorClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * JOOR: a multipart login at /auth/, and the token endpoint of the Keycloak behind it, here at /auth/token. Errors are
 * Keycloak's.
 */
export function joorServer(
  vendor: Vendor,
  client: JoorClient,
  api: (request: Request) => Response | Promise<Response>,
): Hono {
  const server = new Hono();

  const grant = (account: string): TokenResult => {
    const { accessTokenLifetimeMs, refreshTokenLifetimeMs } = vendor.settings;
    const iat = Math.floor(vendor.now() / 1000);
    const jwt = (lifetimeMs: number): string =>
      unsignedJwt({ sub: account, iat, exp: iat + lifetimeMs / 1000 });
    const issued = vendor.issue(account, jwt, () => jwt(refreshTokenLifetimeMs));
    const answer = {
      access_token: issued.accessToken,
      expires_in: accessTokenLifetimeMs / 1000,
      refresh_expires_in: refreshTokenLifetimeMs / 1000,
      refresh_token: issued.refreshToken,
      token_type: 'Bearer',
      'not-before-policy': 0,
      session_state: randomText(16),
      scope: 'email profile',
    };
    return { outcome: 'issued', issued: issued.refreshId, response: vendor.tokenAnswer(answer) };
  };
  const isClient = (form: ReadonlyMap<string, string>): boolean =>
    form.get('client_id') === client.clientId && form.get('client_secret') === client.clientSecret;

  server.post('/auth/', async ({ req }) => {
    const form = await readForm(req.raw, ['multipart/form-data']);
    const account = form?.get('username');
    return vendor.tokenCall({ endpoint: 'login', account }, () => {
      if (form?.get('grant_type') !== 'password') {
        return malformed(400, 'unsupported_grant_type', 'Unsupported grant_type');
      }
      if (!isClient(form))
        return refused(401, 'invalid_client', 'Invalid client or Invalid client credentials');
      const verdict = vendor.checkPassword(account, form.get('password'));
      if (verdict === 'right') return grant(account as string);
      if (verdict === 'locked')
        return { ...refused(400, 'invalid_grant', 'Account disabled'), outcome: 'locked' };
      return refused(401, 'invalid_grant', 'Invalid user credentials');
    });
  });

  server.post('/auth/token', async ({ req }) => {
    const form = await readForm(req.raw, ['application/x-www-form-urlencoded']);
    const refreshToken = form?.get('refresh_token');
    return vendor.refreshCall(refreshToken, (presented) => {
      if (form?.get('grant_type') !== 'refresh_token') {
        return malformed(400, 'unsupported_grant_type', 'Unsupported grant_type');
      }
      if (!isClient(form))
        return refused(401, 'invalid_client', 'Invalid client or Invalid client credentials');
      if (presented.state === 'unknown') return refused(400, 'invalid_grant', 'Invalid refresh token');
      if (presented.state === 'revoked') return refused(400, 'invalid_grant', 'Session not active');
      if (presented.state !== 'spendable') {
        const outcome = presented.state === 'spent' ? 'reused' : 'refused';
        return { ...refused(400, 'invalid_grant', 'Token is not active'), outcome };
      }
      vendor.tokens.spend(refreshToken as string);
      return grant(presented.account);
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
