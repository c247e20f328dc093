import { type AuthSession, type AuthSessionOptions, createAuthSession } from '@auth/core';
import { cacheOver } from './metadata-cache.js';
import type { OAuth2PasswordProviderOptions } from './options.js';
import { providerWith } from './provider.js';
import type { OAuth2PasswordExtra } from './wire.js';

/** The provider's options and the session's. */
export type OAuth2PasswordAuthOptions = OAuth2PasswordProviderOptions &
  AuthSessionOptions<OAuth2PasswordExtra>;

/**
 * A session on a server with OAuth2's password grant (RFC 6749 section 4.3).
 *
 * @throws AuthError `invalid_options` naming the option
 */
export function createOAuth2PasswordAuth(
  options: OAuth2PasswordAuthOptions,
): AuthSession<OAuth2PasswordExtra> {
  return createAuthSession(providerWith(options, cacheOver(options?.fetch)), options);
}
