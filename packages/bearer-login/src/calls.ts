import type { IssuedTokens, TokenSet } from '@auth/core';
import type { LoginSecrets, TokenCall } from '@auth/provider-utils';
import type { BearerLoginSettings } from './options.js';
import { type BearerLoginExtra, isRefused, loginForm, parseCheck, parseTokens, refreshForm } from './wire.js';

type Account = Pick<BearerLoginSettings, 'issuer' | 'username' | 'accountId'>;
type Tokens = TokenCall<IssuedTokens<BearerLoginExtra>>;

export function login(
  { issuer, username, accountId }: Account,
  { password }: LoginSecrets<BearerLoginSettings>,
): Tokens {
  const body = loginForm({ username, password, accountId });
  return { url: `${issuer}/auth/login`, body, parse: parseTokens, isRefused };
}

export function refresh({ issuer }: Account, { refreshToken }: TokenSet<BearerLoginExtra>): Tokens {
  return { url: `${issuer}/auth/refresh`, body: refreshForm(refreshToken), parse: parseTokens, isRefused };
}

/** A login that issues no token. */
export function check({ issuer, username, accountId }: Account, password: string): TokenCall<void> {
  const body = loginForm({ username, password, accountId, authOnly: true });
  return { url: `${issuer}/auth/login`, body, parse: parseCheck, isRefused };
}
