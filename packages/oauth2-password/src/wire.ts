import type { IssuedTokens } from '@auth/core';
import type { Answer } from '@auth/provider-utils';
import { jwtLifetimeMs, lifetimeMs, optionalText, parseShape, requiredText } from '@auth/provider-utils/wire';
import * as z from 'zod/mini';

/** Further fields of an answer. */
export interface OAuth2PasswordExtra {
  /** Of OpenID Connect, where the scope has `openid`. It is not verified. */
  readonly idToken?: string;
  /** The API's own address, as Salesforce names it. */
  readonly instanceUrl?: string;
}

const tokenAnswer = z.object({
  access_token: requiredText,
  token_type: optionalText,
  expires_in: lifetimeMs,
  refresh_token: optionalText,
  refresh_expires_in: lifetimeMs,
  scope: optionalText,
  id_token: optionalText,
  instance_url: optionalText,
});

/** RFC 8414 section 2, as far as it is used. */
const metadata = z.object({
  issuer: requiredText,
  token_endpoint: requiredText,
  revocation_endpoint: optionalText,
  token_endpoint_auth_methods_supported: z.catch(z.optional(z.array(z.string())), undefined),
});

/** Undefined where the issuer or its token endpoint is missing. */
export function metadataAnswer(body: unknown):
  | {
      readonly issuer: string;
      readonly tokenEndpoint: string;
      readonly revocationEndpoint: string | undefined;
      readonly authMethods: readonly string[] | undefined;
    }
  | undefined {
  const { success, data } = z.safeParse(metadata, body);
  return success
    ? {
        issuer: data.issuer,
        tokenEndpoint: data.token_endpoint,
        revocationEndpoint: data.revocation_endpoint,
        authMethods: data.token_endpoint_auth_methods_supported,
      }
    : undefined;
}

/** RFC 6749 section 5.1. Where no lifetime is named and the token is a JWT, its own counts. */
export function parseTokens({ body, headers }: Answer): IssuedTokens<OAuth2PasswordExtra> {
  const answer = parseShape(tokenAnswer, body);
  const extra = {
    ...(answer.id_token === undefined ? {} : { idToken: answer.id_token }),
    ...(answer.instance_url === undefined ? {} : { instanceUrl: answer.instance_url }),
  };
  return {
    accessToken: answer.access_token,
    tokenType: answer.token_type,
    expiresInMs: answer.expires_in ?? jwtLifetimeMs(answer.access_token, headers),
    refreshToken: answer.refresh_token,
    refreshExpiresInMs: answer.refresh_expires_in,
    scope: answer.scope,
    extra: Object.keys(extra).length === 0 ? undefined : extra,
  };
}
