import { type Environment, optionsInEnvironment } from '@auth/provider-utils';
import type { BearerLoginProviderOptions, TokenHeader } from './options.js';

/**
 * Options from BEARER_LOGIN_USERNAME and BEARER_LOGIN_PASSWORD, and where they are set BEARER_LOGIN_BASE_URL,
 * BEARER_LOGIN_ALLOWED_ORIGINS (with spaces between), BEARER_LOGIN_ACCOUNT_ID and BEARER_LOGIN_TOKEN_HEADER. Spread a
 * preset before it, or set the URL.
 *
 * @param variables default `process.env`
 * @throws AuthError `invalid_options` that names all that are missing; the password alone is missed when it is needed
 */
export function bearerLoginFromEnv(
  variables?: Environment,
): Omit<BearerLoginProviderOptions, 'baseUrl'> & { readonly baseUrl?: string } {
  const names = {
    texts: ['username'],
    optional: ['baseUrl', 'accountId', 'tokenHeader'],
    secrets: ['password'],
  } as const;
  const { accountId, tokenHeader, ...options } = optionsInEnvironment('BEARER_LOGIN', names, variables);
  return {
    ...options,
    // NaN is refused by its name: `Number` would read ' ' as 0, and '0x1F' as 31.
    ...(accountId && { accountId: /^\d+$/.test(accountId) ? Number(accountId) : Number.NaN }),
    ...(tokenHeader && { tokenHeader: tokenHeader as TokenHeader }),
  };
}
