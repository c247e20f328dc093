import { type AuthSession, type AuthSessionOptions, createAuthSession } from '@auth/core';
import type { JoorProviderOptions } from './options.js';
import { joorProvider } from './provider.js';
import type { JoorExtra } from './wire.js';

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
