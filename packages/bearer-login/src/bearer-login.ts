import {
  type AuthSession,
  type AuthSessionOptions,
  createAuthSession,
  isAuthError,
  verifyLogin,
} from '@auth/core';
import type { BearerLoginProviderOptions } from './options.js';
import { bearerLoginProvider, prepareCheck } from './provider.js';
import type { BearerLoginExtra } from './wire.js';

/** The provider's options and the session's. */
export type BearerLoginAuthOptions = BearerLoginProviderOptions & AuthSessionOptions<BearerLoginExtra>;

/** A session that can also check credentials without touching its tokens. */
export interface BearerLoginAuth extends AuthSession<BearerLoginExtra> {
  /**
   * Whether the server accepts the password given here, or else the configured password. The check changes no stored
   * token. The login guard counts it, and after a refusal blocks further attempts with the same secrets.
   *
   * @throws AuthError `login_blocked`, `rate_limited`, or the error that made the check impossible
   */
  verifyCredentials(options?: { readonly password?: string | undefined }): Promise<boolean>;
}

/**
 * A session on an API with a bearer-token login such as TeleTracker's.
 *
 * @throws AuthError `invalid_options` naming the option
 */
export function createBearerLoginAuth(options: BearerLoginAuthOptions): BearerLoginAuth {
  const session = createAuthSession(bearerLoginProvider(options), options);
  const verifyCredentials: BearerLoginAuth['verifyCredentials'] = async (check = {}) => {
    try {
      const typed = check.password !== undefined;
      await verifyLogin(session, prepareCheck(options, check.password), { typed });
      return true;
    } catch (error) {
      if (isAuthError(error) && error.code === 'invalid_credentials') return false;
      throw error;
    }
  };
  return Object.assign(session, { verifyCredentials });
}
