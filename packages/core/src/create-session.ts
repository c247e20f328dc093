import type { AuthSession, AuthSessionOptions } from './auth-session.js';
import type { MaybePromise } from './maybe-promise.js';
import type { AuthProvider, ExchangeContext, PreparedLogin } from './provider.js';
import { Session } from './session.js';

/**
 * Opens a session on one identity. It does nothing until it is asked for a token.
 *
 * @throws AuthError `invalid_options` naming the option, or `insecure_url` for an issuer on plain http
 */
export function createAuthSession<Extra = Record<string, unknown>>(
  provider: AuthProvider<Extra>,
  options: AuthSessionOptions<Extra> = {},
): AuthSession<Extra> {
  // The engine hands a provider's extras through and never looks at them.
  const session: AuthSession = new Session(
    provider as unknown as AuthProvider,
    options as AuthSessionOptions,
  );
  return session as unknown as AuthSession<Extra>;
}

/**
 * Sends a password for another purpose than tokens, such as checking it, under the session's login guard: counted,
 * latched when refused, and not sent at all while a refusal of the same secrets stands.
 *
 * @param options.typed a person typed the secrets: a refusal does not replace the latch on the configured secrets
 */
export function verifyLogin<Extra>(
  session: AuthSession<Extra>,
  prepare: () => MaybePromise<{
    readonly secrets: readonly string[];
    login(context: ExchangeContext): Promise<unknown>;
  }>,
  options: { readonly typed?: boolean | undefined } = {},
): Promise<void> {
  const { typed = false } = options;
  return (session as unknown as Session).verify(prepare as () => MaybePromise<PreparedLogin<unknown>>, typed);
}
