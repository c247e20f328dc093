import { type Environment, optionsInEnvironment } from '@auth/provider-utils';
import type { ClientAuthentication, OAuth2PasswordProviderOptions } from './options.js';

/**
 * Options from OAUTH2_USERNAME and OAUTH2_PASSWORD, and where they are set OAUTH2_ISSUER,
 * _TOKEN_ENDPOINT, _REVOCATION_ENDPOINT, _CLIENT_ID, _CLIENT_SECRET, _CLIENT_AUTHENTICATION, _ENCODING, _SCOPE and
 * _ALLOWED_ORIGINS (with spaces between). Spread a preset before it, or set the issuer.
 *
 * @param variables default `process.env`
 * @throws AuthError `invalid_options` that names all that are missing; secrets alone are missed when they are needed
 */
export function oauth2PasswordFromEnv(variables?: Environment): OAuth2PasswordProviderOptions {
  const names = {
    texts: ['username'],
    optional: [
      ...(['issuer', 'tokenEndpoint', 'revocationEndpoint', 'clientId', 'scope'] as const),
      ...(['clientAuthentication', 'encoding'] as const),
    ],
    secrets: ['password'],
    optionalSecrets: ['clientSecret'],
  } as const;
  const { clientAuthentication, encoding, ...options } = optionsInEnvironment('OAUTH2', names, variables);
  return {
    ...options,
    ...(clientAuthentication && { clientAuthentication: clientAuthentication as ClientAuthentication }),
    ...(encoding && { encoding: encoding as 'form' | 'json' }),
  };
}
