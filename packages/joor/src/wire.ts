import type { IssuedTokens } from '@auth/core';
import type { Answer } from '@auth/provider-utils';
import { lifetimeMs, optionalText, parseShape, requiredText, says } from '@auth/provider-utils/wire';
import * as z from 'zod/mini';

/** Further fields of a JOOR token answer. */
export interface JoorExtra {
  readonly sessionState?: string;
  /** Keycloak's `not-before-policy`: tokens issued before this instant, in epoch seconds, are void. */
  readonly notBeforePolicy?: number;
}

/** Error codes of Keycloak, which JOOR runs, for a refused login or refresh token. */
export const serverCodes: readonly string[] = [
  'Token is not active',
  'Session not active',
  'Stale token',
  'Account disabled',
  'Account is not fully set up',
  'Account temporarily disabled',
  'User disabled',
  'invalid_grant',
];

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

/** Keycloak refuses a wrong client secret with this word: 26 under 401, older versions under 400. */
export function isClientRefused({ body }: Answer): boolean {
  return says(body, 'error', 'unauthorized_client');
}

/** A 400 is a refusal only with Keycloak's own `invalid_grant`, because proxies answer 400 too. */
export function isRefused({ status, body }: Answer): boolean {
  return status === 400 && says(body, 'error', 'invalid_grant');
}
