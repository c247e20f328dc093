import { type AuthSession, type AuthSessionOptions, createAuthSession } from '@auth/core';
import type { JwtLoginProviderOptions } from './options.js';
import { jwtLoginProvider } from './provider.js';
import type { JwtLoginExtra } from './wire.js';

/** The provider's options and the session's. */
export type JwtLoginAuthOptions = JwtLoginProviderOptions & AuthSessionOptions<JwtLoginExtra>;

/**
 * A session on an API with `/auth/jwt/login`, such as UniPoll's.
 *
 * @throws AuthError `invalid_options` naming the option
 */
export function createJwtLoginAuth(options: JwtLoginAuthOptions): AuthSession<JwtLoginExtra> {
  return createAuthSession(jwtLoginProvider(options), options);
}
