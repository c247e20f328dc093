import { type Environment, optionsInEnvironment } from '@auth/provider-utils';
import type { PasswordRefreshProviderOptions } from './options.js';

/**
 * Options from PASSWORD_REFRESH_USERNAME and PASSWORD_REFRESH_PASSWORD, and where they are set PASSWORD_REFRESH_BASE_URL
 * and PASSWORD_REFRESH_ALLOWED_ORIGINS (with spaces between). Spread a preset before it, or set the URL.
 *
 * @param variables default `process.env`
 * @throws AuthError `invalid_options` that names all that are missing; the password alone is missed when it is needed
 */
export function passwordRefreshFromEnv(
  variables?: Environment,
): Omit<PasswordRefreshProviderOptions, 'baseUrl'> & { readonly baseUrl?: string } {
  const names = { texts: ['username'], optional: ['baseUrl'], secrets: ['password'] } as const;
  return optionsInEnvironment('PASSWORD_REFRESH', names, variables);
}
