import { Hono } from 'hono';
import { randomText } from './random-token.js';
import type { Presented } from './token-book.js';
import type { TokenResult, Vendor } from './vendor.js';
import { bearerOf, isAuthPath, json, readForm } from './wire-kit.js';

/**
 * UniPoll (fastapi-users 12.1.2 with refresh tokens of its own): tokens are opaque, only a user's newest refresh token is
 * valid, and using an older one revokes the whole family. Statuses, headers and paths are as seen from version 0.12.2,
 * whose source was run.
 */
export function jwtLoginServer(
  vendor: Vendor,
  api: (request: Request) => Response | Promise<Response>,
): Hono {
  const server = new Hono();
  const types = ['application/x-www-form-urlencoded', 'multipart/form-data'] as const;

  const grant = (account: string): TokenResult => {
    const issued = vendor.issue(account, randomText(43), randomText(43));
    const answer = {
      access_token: issued.accessToken,
      refresh_token: issued.refreshToken,
      token_type: 'Bearer',
      expires_in: vendor.settings.accessTokenLifetimeMs / 1000,
      // Always the account's id, whatever client the form names.
      client_id: vendor.accounts.idOf(account),
    };
    return { outcome: 'issued', issued: issued.refreshId, response: vendor.tokenAnswer(answer) };
  };

  server.post('/auth/jwt/login', async ({ req }) => {
    const form = await readForm(req.raw, types);
    const account = form?.get('username');
    return vendor.tokenCall({ endpoint: 'login', account }, () => {
      const missing = ['username', 'password'].filter((field) => !form?.get(field));
      const grantType = form?.get('grant_type') ?? 'password';
      if (missing.length > 0 || grantType !== 'password') return unprocessable('body', missing);
      const verdict = vendor.accounts.checkPassword(account, form?.get('password'));
      if (verdict === 'right') return grant(account as string);
      // Plain fastapi-users says so; UniPoll itself says LOGIN_BAD_CREDENTIALS to everybody.
      const detail = verdict === 'not_set_up' ? 'LOGIN_USER_NOT_VERIFIED' : 'LOGIN_BAD_CREDENTIALS';
      return { outcome: verdict === 'locked' ? 'locked' : 'refused', response: json(400, { detail }) };
    });
  });

  const rotate = (
    refreshToken: string,
    presented: Presented,
    belongs: (accessToken: string) => boolean,
  ): TokenResult => {
    if (presented.state !== 'unknown' && vendor.accounts.stateOf(presented.account) === 'deleted')
      return { outcome: 'refused', response: json(404, { detail: 'Not Found' }) };
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
      const accessToken = strictBearer(headers.get('authorization'));
      if (accessToken === undefined)
        return { outcome: 'malformed', response: json(400, { detail: 'Malformed header' }) };
      if (!vendor.settings.refreshWorks) return { outcome: 'failed', response: brokenEndpoint() };
      return rotate(refreshToken, presented, (own) => own === accessToken);
    });
  });

  // The vendor's documentation has a hyphen, and its server, here as there, answers 404 at that path.
  server.post('/auth/jwt/postman_refresh', async ({ req }) => {
    const text = await req.raw.text();
    const [, encoded] = /^refresh_token=([^&]*)&grant_type=refresh_token$/.exec(text) ?? [];
    const refreshToken = encoded === undefined ? undefined : decodeURIComponent(encoded);
    return vendor.refreshCall(refreshToken, (presented) => {
      if (refreshToken === undefined)
        return { outcome: 'malformed', response: json(400, { detail: 'Malformed body' }) };
      const clientId = clientIdIn(req.raw);
      if (clientId === undefined)
        return { outcome: 'malformed', response: json(400, { detail: 'Malformed header' }) };
      if (!/^[0-9a-f]{24}$/.test(clientId)) return { outcome: 'failed', response: brokenEndpoint() };
      if (!vendor.accounts.hasId(clientId))
        return { outcome: 'refused', response: json(401, { detail: 'Invalid Client ID' }) };
      return rotate(refreshToken, presented, () => true);
    });
  });

  server.all('*', ({ req }) => {
    if (isAuthPath(req.raw)) return json(404, { error: 'not_found' });
    const accessToken = bearerOf(req.raw);
    const owner = accessToken === undefined ? undefined : vendor.tokens.accountOf(accessToken);
    const isActive = owner !== undefined && vendor.accounts.stateOf(owner) === 'active';
    return vendor.apiCall(
      isActive ? accessToken : undefined,
      () => json(401, { detail: 'Unauthorized' }),
      () => api(req.raw),
    );
  });
  return server;
}

/** UniPoll reads the header by this expression: in it `A-z` takes an underscore, and a JWT's dots are malformed. */
function strictBearer(authorization: string | null): string | undefined {
  return /^Bearer ([A-z0-9-]+)$/.exec(authorization ?? '')?.[1];
}

/** The user of HTTP Basic without a password. */
function clientIdIn(request: Request): string | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(request.headers.get('authorization') ?? '')?.[1];
  return encoded === undefined ? undefined : /^([^:]+):$/.exec(atob(encoded))?.[1];
}

/** What FastAPI answers where the server's own code throws. */
function brokenEndpoint(): Response {
  return new Response('Internal Server Error', { status: 500, headers: { 'content-type': 'text/plain' } });
}

/** FastAPI's validation error. */
function unprocessable(place: 'body' | 'header', fields: readonly string[]): TokenResult {
  const detail = fields.map((field) => ({ type: 'missing', loc: [place, field], msg: 'Field required' }));
  return { outcome: 'malformed', response: json(422, { detail }) };
}
