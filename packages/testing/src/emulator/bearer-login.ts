import { Hono } from 'hono';
import type { TokenResult, Vendor } from './vendor.js';
import { bearerOf, isAuthPath, json, readForm } from './wire-kit.js';

/**
 * TeleTracker: `success` tells success from failure, dates carry offsets, the token is sent in `Authentication` or
 * `Authorization`, and an expired token is answered with 403.
 */
export function bearerLoginServer(
  vendor: Vendor,
  api: (request: Request) => Response | Promise<Response>,
): Hono {
  const server = new Hono();
  const types = ['application/x-www-form-urlencoded', 'multipart/form-data', 'application/json'] as const;

  const grant = (account: string): TokenResult => {
    const { accessTokenLifetimeMs, refreshTokenLifetimeMs } = vendor.settings;
    const issued = vendor.issue(account, crypto.randomUUID(), crypto.randomUUID());
    const answer = {
      success: true,
      guid: crypto.randomUUID(),
      token: issued.accessToken,
      tokenExpiration: offsetDate(vendor.now() + accessTokenLifetimeMs),
      tokenLifetime: accessTokenLifetimeMs / 1000,
      refreshToken: issued.refreshToken,
      ...(refreshTokenLifetimeMs === 0
        ? {}
        : { refreshTokenExpiration: offsetDate(vendor.now() + refreshTokenLifetimeMs) }),
    };
    return { outcome: 'issued', issued: issued.refreshId, response: vendor.tokenAnswer(answer) };
  };

  server.post('/auth/login', async ({ req }) => {
    const form = await readForm(req.raw, types);
    const account = form?.get('username');
    const authOnly = ['1', 'true'].includes(form?.get('auth_only') ?? '');
    const accountId = form?.get('account_id');
    return vendor.tokenCall({ endpoint: authOnly ? 'verify' : 'login', account, accountId }, () => {
      if (account === undefined || (accountId !== undefined && !/^\d+$/.test(accountId))) {
        return { ...refused(400, 'Bad request'), outcome: 'malformed' };
      }
      const verdict = vendor.accounts.checkPassword(account, form?.get('password'));
      if (verdict === 'locked') return { ...refused(403, 'Account locked'), outcome: 'locked' };
      if (verdict !== 'right') return refused(401, 'Invalid username or password');
      if (!authOnly) return grant(account);
      return { outcome: 'verified', response: json(200, { success: true, guid: crypto.randomUUID() }) };
    });
  });

  server.post('/auth/refresh', async ({ req }) => {
    const refreshToken = (await readForm(req.raw, types))?.get('refresh_token');
    return vendor.refreshCall(refreshToken, (presented) => {
      if (presented.state !== 'spendable') {
        return {
          ...refused(403, 'Invalid refresh token'),
          outcome: presented.state === 'spent' ? 'reused' : 'refused',
        };
      }
      vendor.tokens.spend(refreshToken as string);
      return grant(presented.account);
    });
  });

  server.all('*', ({ req }) => {
    if (isAuthPath(req.raw)) return json(404, { error: 'not_found' });
    return vendor.apiCall(
      bearerOf(req.raw, 'authentication') ?? bearerOf(req.raw),
      (why) => json(why === 'missing' ? 401 : 403, { success: false, message: 'Invalid token' }),
      () => api(req.raw),
    );
  });
  return server;
}

function refused(status: number, message: string): TokenResult {
  return { outcome: 'refused', response: json(status, { success: false, message }) };
}

/** A date as the vendor writes it: whole seconds and an offset. */
function offsetDate(instant: number): string {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, '+00:00');
}
