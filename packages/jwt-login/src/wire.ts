import type { IssuedTokens } from '@auth/core';
import { type Answer, basicAuthorization, says } from '@auth/provider-utils';
import { jwtLifetimeMs, lifetimeMs, optionalText, parseShape, requiredText } from '@auth/provider-utils/wire';
import * as z from 'zod/mini';

/** Further fields of a login answer. */
export interface JwtLoginExtra {
  /** The server's own id for the client, which `postman` mode uses if `clientId` is not configured. */
  readonly clientId?: string;
}

/** fastapi-users' error codes for a refused login. UniPoll itself sends only the first of them. */
export const serverCodes: readonly string[] = ['LOGIN_BAD_CREDENTIALS', 'LOGIN_USER_NOT_VERIFIED'];

/** UniPoll's words for a refused refresh. */
export const refreshCodes: readonly string[] = ['Invalid Client ID'];

const tokenAnswer = z.object({
  access_token: requiredText,
  refresh_token: optionalText,
  token_type: optionalText,
  expires_in: lifetimeMs,
  client_id: optionalText,
});

export function loginForm(fields: {
  readonly username: string;
  readonly password: string;
  readonly scope: string | undefined;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
}): URLSearchParams {
  return new URLSearchParams({
    grant_type: 'password',
    username: fields.username,
    password: fields.password,
    ...(fields.scope === undefined ? {} : { scope: fields.scope }),
    ...(fields.clientId === undefined ? {} : { client_id: fields.clientId }),
    ...(fields.clientSecret === undefined ? {} : { client_secret: fields.clientSecret }),
  });
}

export function refreshHeaders(
  accessToken: string,
  refreshToken: string | undefined,
): Record<string, string> {
  return { authorization: `Bearer ${accessToken}`, 'refresh-token': refreshToken ?? '' };
}

/** HTTP Basic with the client id as the user and no password. */
export function postmanHeaders(clientId: string): Record<string, string> {
  return { authorization: basicAuthorization(clientId, '') };
}

export function postmanForm(refreshToken: string | undefined): URLSearchParams {
  return new URLSearchParams({ refresh_token: refreshToken ?? '', grant_type: 'refresh_token' });
}

/** Plain fastapi-users names no lifetime, and its JWTs have an `exp` without an `iat`. */
export function parseTokens({ body, headers }: Answer): IssuedTokens<JwtLoginExtra> {
  const answer = parseShape(tokenAnswer, body);
  return {
    accessToken: answer.access_token,
    tokenType: answer.token_type,
    expiresInMs: answer.expires_in ?? jwtLifetimeMs(answer.access_token, headers),
    refreshToken: answer.refresh_token,
    extra: answer.client_id === undefined ? undefined : { clientId: answer.client_id },
  };
}

/** Other answers are not refusals: a 422 is a mistake in the request, and a bare 400 comes from a proxy. */
export function isLoginRefused({ status, body }: Answer): boolean {
  return status === 400 && says(body, 'detail', ...serverCodes);
}
