import { type AuthSession, type AuthSessionOptions, createAuthSession } from '@auth/core';
import { type JoorExtra, type JoorProviderOptions, joorProvider } from './provider.js';

/** The provider's options and the session's. */
export type JoorAuthOptions = JoorProviderOptions & AuthSessionOptions<JoorExtra>;

/**
 * A session on the JOOR V4 API.
 *
 * @throws AuthError `invalid_options` naming the option
 */
export function createJoorAuth(options: JoorAuthOptions): AuthSession<JoorExtra> {
  return createAuthSession(joorProvider(options), options);
}
