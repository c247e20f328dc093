import { Hono } from 'hono';
import { randomText } from './random-token.js';
import type { Presented } from './token-book.js';
import type { TokenResult, Vendor } from './vendor.js';
import { bearerOf, isAuthPath, json, readForm } from './wire-kit.js';

/**
 * UniPoll (fastapi-users with refresh tokens of its own): tokens are opaque, only a user's newest refresh token is
 * valid, and using an older one revokes the whole family.
 */
export function jwtLoginServer(
  vendor: Vendor,
  api: (request: Request) => Response | Promise<Response>,
): Hono {
  const server = new Hono();
  const types = ['application/x-www-form-urlencoded', 'multipart/form-data'] as const;

  const clientIds = new Map<string, string>();
  const grant = (account: string, clientId = clientIds.get(account) ?? 'unipoll-account-1'): TokenResult => {
    clientIds.set(account, clientId);
    const issued = vendor.issue(
      account,
      () => randomText(43),
      () => randomText(43),
    );
    const answer = {
      access_token: issued.accessToken,
      refresh_token: issued.refreshToken,
      token_type: 'bearer',
      expires_in: vendor.settings.accessTokenLifetimeMs / 1000,
      client_id: clientId,
    };
    return { outcome: 'issued', issued: issued.refreshId, response: vendor.tokenAnswer(answer) };
  };

  server.post('/auth/jwt/login', async ({ req }) => {
    const form = await readForm(req.raw, types);
    const account = form?.get('username');
    return vendor.tokenCall({ endpoint: 'login', account }, () => {
      const missing = ['grant_type', 'username', 'password'].filter((field) => !form?.get(field));
      if (missing.length > 0 || form?.get('grant_type') !== 'password') return unprocessable('body', missing);
      const verdict = vendor.checkPassword(account, form?.get('password'));
      if (verdict === 'right') return grant(account as string, form?.get('client_id'));
      const detail = verdict === 'locked' ? 'LOGIN_USER_NOT_VERIFIED' : 'LOGIN_BAD_CREDENTIALS';
      return { outcome: verdict === 'locked' ? 'locked' : 'refused', response: json(400, { detail }) };
    });
  });

  const rotate = (
    refreshToken: string,
    presented: Presented,
    belongs: (accessToken: string) => boolean,
  ): TokenResult => {
    if (presented.state === 'spendable' && belongs(presented.accessToken)) {
      vendor.tokens.spend(refreshToken);
      return grant(presented.account);
    }
    // An old refresh token may have been stolen, so its use ends all sessions of the account.
    if (presented.state === 'spent') vendor.tokens.endSessions(presented.account);
    const outcome = presented.state === 'spent' ? 'reused' : 'refused';
    return { outcome, response: json(401, { detail: 'Invalid refresh token' }) };
  };

  server.post('/auth/jwt/refresh', ({ req }) => {
    const { headers } = req.raw;
    const refreshToken = headers.get('refresh-token') ?? undefined;
    return vendor.refreshCall(refreshToken, (presented) => {
      if (refreshToken === undefined) return unprocessable('header', ['refresh-token']);
      if (!headers.has('authorization')) return unprocessable('header', ['authorization']);
      const accessToken = bearerOf(req.raw);
      if (accessToken === undefined)
        return { outcome: 'malformed', response: json(400, { detail: 'Malformed header' }) };
      return rotate(refreshToken, presented, (own) => own === accessToken);
    });
  });

  // The vendor's documentation has a hyphen, its server an underscore.
  for (const path of ['/auth/jwt/postman-refresh', '/auth/jwt/postman_refresh']) {
    server.post(path, async ({ req }) => {
      const form = await readForm(req.raw, types);
      const refreshToken = form?.get('refresh_token');
      return vendor.refreshCall(refreshToken, (presented) => {
        if (refreshToken === undefined || form?.get('grant_type') !== 'refresh_token') {
          return unprocessable('body', ['refresh_token', 'grant_type']);
        }
        if (!namesClient(req.raw))
          return { outcome: 'malformed', response: json(400, { detail: 'Malformed header' }) };
        return rotate(refreshToken, presented, () => true);
      });
    });
  }

  server.all('*', ({ req }) => {
    if (isAuthPath(req.raw)) return json(404, { error: 'not_found' });
    return vendor.apiCall(
      bearerOf(req.raw),
      () => json(401, { detail: 'Unauthorized' }),
      () => api(req.raw),
    );
  });
  return server;
}

/** Basic with a client id as the user and no password. */
function namesClient(request: Request): boolean {
  const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(request.headers.get('authorization') ?? '')?.[1];
  return encoded !== undefined && /^[^:]+:$/.test(atob(encoded));
}

/** FastAPI's validation error. */
function unprocessable(place: 'body' | 'header', fields: readonly string[]): TokenResult {
  const detail = fields.map((field) => ({ type: 'missing', loc: [place, field], msg: 'Field required' }));
  return { outcome: 'malformed', response: json(422, { detail }) };
}
