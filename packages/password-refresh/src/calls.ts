import type { IssuedTokens, TokenSet } from '@auth/core';
import type { LoginSecrets, TokenCall } from '@auth/provider-utils';
import { keycloak } from '@auth/provider-utils/wire';
import type { PasswordRefreshSettings } from './options.js';
import { loginForm, type PasswordRefreshExtra, parseTokens, refreshForm } from './wire.js';

type Tokens = TokenCall<IssuedTokens<PasswordRefreshExtra>>;

export function login(
  { issuer, username }: PasswordRefreshSettings,
  { password }: LoginSecrets<PasswordRefreshSettings>,
): Tokens {
  return {
    url: `${issuer}/auth/password`,
    body: loginForm(username, password),
    parse: parseTokens,
    ...keycloak,
  };
}

export function refresh(
  { issuer }: PasswordRefreshSettings,
  { refreshToken }: TokenSet<PasswordRefreshExtra>,
): Tokens {
  return { url: `${issuer}/auth/refresh`, body: refreshForm(refreshToken), parse: parseTokens, ...keycloak };
}
