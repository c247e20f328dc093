import { type Environment, optionsInEnvironment } from '@auth/provider-utils';
import type { JoorEnvironment, JoorProviderOptions } from './options.js';

/**
 * Options from JOOR_ENVIRONMENT or JOOR_BASE_URL, JOOR_CLIENT_ID, JOOR_CLIENT_SECRET, JOOR_USERNAME, JOOR_PASSWORD, and
 * where they are set JOOR_ALLOWED_ORIGINS (with spaces between) and JOOR_TOKEN_ENDPOINT, the `refresh` option's.
 *
 * @param variables default `process.env`
 * @throws AuthError `invalid_options` that names all that are missing; secrets alone are missed when they are needed
 */
export function joorFromEnv(variables?: Environment): JoorProviderOptions {
  const names = {
    texts: ['clientId', 'username'],
    optional: ['environment', 'baseUrl', 'tokenEndpoint'],
    oneOf: ['environment', 'baseUrl'],
    secrets: ['clientSecret', 'password'],
  } as const;
  const { environment, tokenEndpoint, ...options } = optionsInEnvironment('JOOR', names, variables);
  return {
    ...options,
    ...(environment && { environment: environment as JoorEnvironment }),
    ...(tokenEndpoint && { refresh: { tokenEndpoint } }),
  };
}
