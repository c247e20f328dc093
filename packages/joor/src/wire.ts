import type { IssuedTokens, TokenSet } from '@auth/core';
import type { Answer } from '@auth/provider-utils';
import { lifetimeMs, optionalText, parseShape, requiredText } from '@auth/provider-utils/wire';
import * as z from 'zod/mini';

/** Further fields of a JOOR token answer. */
export interface JoorExtra {
  /** Keycloak's name of the session: the same over refreshes. */
  readonly sessionState?: string;
  /** Keycloak's `not-before-policy`: tokens issued before this instant, in epoch seconds, are void. */
  readonly notBeforePolicy?: number;
}

const tokenAnswer = z.object({
  access_token: requiredText,
  expires_in: lifetimeMs,
  refresh_expires_in: lifetimeMs,
  refresh_token: optionalText,
  token_type: optionalText,
  'not-before-policy': z.catch(z.optional(z.number()), undefined),
  session_state: optionalText,
  scope: optionalText,
});

/** multipart/form-data, as JOOR's page requires. */
export function loginForm(fields: {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly username: string;
  readonly password: string;
  readonly extraFields: Readonly<Record<string, string>> | undefined;
}): FormData {
  const form = new FormData();
  form.set('client_id', fields.clientId);
  form.set('grant_type', 'password');
  form.set('client_secret', fields.clientSecret);
  form.set('username', fields.username);
  form.set('password', fields.password);
  for (const [name, value] of Object.entries(fields.extraFields ?? {})) form.set(name, value);
  return form;
}

/** RFC 6749 section 6, with the client's credentials in the body as Keycloak takes them. */
export function refreshForm(fields: {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string | undefined;
}): URLSearchParams {
  return new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: fields.clientId,
    client_secret: fields.clientSecret,
    refresh_token: fields.refreshToken ?? '',
  });
}

/** RFC 7009: the session ends with its refresh token. */
export function revocationForm(fields: {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokens: Pick<TokenSet, 'accessToken' | 'refreshToken'>;
}): URLSearchParams {
  const { accessToken, refreshToken } = fields.tokens;
  return new URLSearchParams({
    client_id: fields.clientId,
    client_secret: fields.clientSecret,
    token: refreshToken ?? accessToken,
    token_type_hint: refreshToken === undefined ? 'access_token' : 'refresh_token',
  });
}

/** Keycloak's endpoints lie side by side: …/protocol/openid-connect/token and …/revoke. */
export function revocationUrl(tokenEndpoint: string): string {
  return new URL('revoke', tokenEndpoint).href;
}

/** Keycloak sends a `refresh_expires_in` of 0 for "no limit of its own"; the lifetime counts as unknown. */
export function parseTokens({ body }: Answer): IssuedTokens<JoorExtra> {
  const answer = parseShape(tokenAnswer, body);
  const sessionState = answer.session_state;
  const notBeforePolicy = answer['not-before-policy'];
  const extra: JoorExtra = {
    ...(sessionState === undefined ? {} : { sessionState }),
    ...(notBeforePolicy === undefined ? {} : { notBeforePolicy }),
  };
  return {
    accessToken: answer.access_token,
    tokenType: answer.token_type,
    expiresInMs: answer.expires_in,
    refreshToken: answer.refresh_token,
    refreshExpiresInMs: answer.refresh_expires_in,
    scope: answer.scope,
    extra: Object.keys(extra).length === 0 ? undefined : extra,
  };
}
