import type { IssuedTokens, TokenSet } from '@auth/core';
import { type LoginSecrets, secretOf, type TokenCall } from '@auth/provider-utils';
import { keycloak } from '@auth/provider-utils/wire';
import type { JoorSettings } from './options.js';
import {
  type JoorExtra,
  loginForm,
  parseTokens,
  refreshForm,
  revocationForm,
  revocationUrl,
} from './wire.js';

export function login(
  { issuer, username, clientId, extraFields }: JoorSettings,
  secrets: LoginSecrets<JoorSettings>,
): TokenCall<IssuedTokens<JoorExtra>> {
  return {
    // JOOR answers at the URL with a slash at its end; the issuer is the same URL without the slash.
    url: `${issuer}/`,
    body: loginForm({ clientId, username, ...secrets, extraFields }),
    parse: parseTokens,
    ...keycloak,
  };
}

export async function refresh(
  { tokenEndpoint = '', clientId, clientSecret }: JoorSettings,
  { refreshToken }: TokenSet<JoorExtra>,
): Promise<TokenCall<IssuedTokens<JoorExtra>>> {
  return {
    url: tokenEndpoint,
    body: refreshForm({ clientId, clientSecret: await secretOf('clientSecret', clientSecret), refreshToken }),
    parse: parseTokens,
    ...keycloak,
  };
}

export async function revoke(
  { tokenEndpoint = '', clientId, clientSecret }: JoorSettings,
  tokens: TokenSet<JoorExtra>,
): Promise<TokenCall<void>> {
  return {
    url: revocationUrl(tokenEndpoint),
    body: revocationForm({ clientId, clientSecret: await secretOf('clientSecret', clientSecret), tokens }),
    parse: () => {},
  };
}
