import { type Environment, optionsInEnvironment } from '@auth/provider-utils';
import type { JwtLoginProviderOptions, RefreshMode } from './options.js';

/**
 * Options from JWT_LOGIN_BASE_URL, JWT_LOGIN_USERNAME and JWT_LOGIN_PASSWORD, and where they are set JWT_LOGIN_CLIENT_ID,
 * JWT_LOGIN_CLIENT_SECRET, JWT_LOGIN_SCOPE, JWT_LOGIN_REFRESH_MODE and JWT_LOGIN_ALLOWED_ORIGINS (with spaces between).
 *
 * @param variables default `process.env`
 * @throws AuthError `invalid_options` that names all that are missing; secrets alone are missed when they are needed
 */
export function jwtLoginFromEnv(variables?: Environment): JwtLoginProviderOptions {
  const names = {
    texts: ['baseUrl', 'username'],
    optional: ['clientId', 'scope', 'refreshMode'],
    secrets: ['password'],
    optionalSecrets: ['clientSecret'],
  } as const;
  const { refreshMode, ...options } = optionsInEnvironment('JWT_LOGIN', names, variables);
  return { ...options, ...(refreshMode && { refreshMode: refreshMode as RefreshMode }) };
}
