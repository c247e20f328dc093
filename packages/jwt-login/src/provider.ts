import type { AuthProvider } from '@auth/core';
import { passwordProvider, serverLocationOf, type Vendor } from '@auth/provider-utils';
import { assertJwtLoginOptions, type JwtLoginProviderOptions, type JwtLoginSettings } from './options.js';
import type { JwtLoginExtra } from './wire.js';

/** A provider for an API with `/auth/jwt/login`. @throws AuthError `invalid_options` naming the option */
export function jwtLoginProvider(options: JwtLoginProviderOptions): AuthProvider<JwtLoginExtra> {
  assertJwtLoginOptions(options);
  const { username, password, scope, clientId, clientSecret, refreshMode = 'headers' } = options;
  const { postmanPath = '/auth/jwt/postman_refresh' } = options;
  const { issuer, allowedOrigins } = serverLocationOf(options);
  const identity = { username, password, scope, clientId, clientSecret };
  return passwordProvider(jwtLogin, { issuer, allowedOrigins, ...identity, refreshMode, postmanPath });
}

const jwtLogin: Vendor<JwtLoginSettings, JwtLoginExtra> = {
  name: 'jwt-login',
  loadCalls: () => import('./calls.js'),
  identityOf: ({ username, clientId, scope }) => ({ username, clientId, scope }),
};
