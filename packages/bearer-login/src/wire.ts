import type { IssuedTokens } from '@auth/core';
import type { Answer } from '@auth/provider-utils';
import { says } from '@auth/provider-utils';
import { lifetimeMs, optionalText, parseShape, requiredText, untilMs } from '@auth/provider-utils/wire';
import * as z from 'zod/mini';

/** Further fields of a login answer. */
export interface BearerLoginExtra {
  readonly guid?: string;
}

const tokenAnswer = z.object({
  guid: optionalText,
  token: requiredText,
  tokenExpiration: optionalText,
  tokenLifetime: lifetimeMs,
  refreshToken: optionalText,
  refreshTokenExpiration: optionalText,
});

const success = z.object({ success: z.literal(true) });

/** Fields of the login endpoint. */
export interface LoginFields {
  readonly username: string;
  readonly password: string;
  readonly accountId?: number | undefined;
  /** Only check the credentials; issue no token. */
  readonly authOnly?: boolean;
}

export function loginForm({ username, password, accountId, authOnly }: LoginFields): URLSearchParams {
  return new URLSearchParams({
    username,
    password,
    ...(accountId === undefined ? {} : { account_id: String(accountId) }),
    ...(authOnly === true ? { auth_only: '1' } : {}),
  });
}

export function refreshForm(refreshToken: string | undefined): URLSearchParams {
  return new URLSearchParams({ refresh_token: refreshToken ?? '' });
}

/** The lifetime is `tokenLifetime`; dates are compared with the answer's own Date, because clocks differ. */
export function parseTokens({ body, headers }: Answer): IssuedTokens<BearerLoginExtra> {
  const answer = parseShape(tokenAnswer, body);
  return {
    accessToken: answer.token,
    expiresInMs: answer.tokenLifetime ?? untilMs(answer.tokenExpiration, headers),
    refreshToken: answer.refreshToken,
    refreshExpiresInMs: untilMs(answer.refreshTokenExpiration, headers),
    extra: answer.guid === undefined ? undefined : { guid: answer.guid },
  };
}

export function parseCheck({ body }: Answer): void {
  parseShape(success, body);
}

/** The vendor refuses with `success: false`, under 200, 400 or 403; a gateway's 403 does not have that field. */
export function isRefused({ status, body }: Answer): boolean {
  return [200, 400, 403].includes(status) && says(body, 'success', false);
}
