import { type AuthSession, type AuthSessionOptions, createAuthSession } from '@auth/core';
import type { PasswordRefreshProviderOptions } from './options.js';
import { passwordRefreshProvider } from './provider.js';
import type { PasswordRefreshExtra } from './wire.js';

/** The provider's options and the session's. */
export type PasswordRefreshAuthOptions = PasswordRefreshProviderOptions &
  AuthSessionOptions<PasswordRefreshExtra>;

/**
 * A session on an API with `/auth/password` and `/auth/refresh`, such as Simacan's.
 *
 * @throws AuthError `invalid_options` naming the option
 */
export function createPasswordRefreshAuth(
  options: PasswordRefreshAuthOptions,
): AuthSession<PasswordRefreshExtra> {
  return createAuthSession(passwordRefreshProvider(options), options);
}
