import type { IssuedTokens } from '@auth/core';
import type { Answer } from '@auth/provider-utils';
import { jwtLifetimeMs, lifetimeMs, optionalText, parseShape, requiredText } from '@auth/provider-utils/wire';
import * as z from 'zod/mini';

/** The token answers have no further fields. */
export type PasswordRefreshExtra = Record<string, never>;

const tokenAnswer = z.object({
  access_token: requiredText,
  refresh_token: optionalText,
  token_type: optionalText,
  expires_in: lifetimeMs,
});

export function loginForm(username: string, password: string): URLSearchParams {
  return new URLSearchParams({ username, password });
}

export function refreshForm(refreshToken: string | undefined): URLSearchParams {
  return new URLSearchParams({ refresh_token: refreshToken ?? '' });
}

/** Both tokens are JWTs. How long the refresh token lives, it alone tells. */
export function parseTokens({ body, headers }: Answer): IssuedTokens<PasswordRefreshExtra> {
  const answer = parseShape(tokenAnswer, body);
  return {
    accessToken: answer.access_token,
    tokenType: answer.token_type,
    expiresInMs: answer.expires_in ?? jwtLifetimeMs(answer.access_token, headers),
    refreshToken: answer.refresh_token,
    refreshExpiresInMs: jwtLifetimeMs(answer.refresh_token, headers),
  };
}
