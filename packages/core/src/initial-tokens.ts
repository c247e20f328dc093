import type { Account } from './account.js';
import type { AuthSessionOptions } from './auth-session.js';
import type { SessionContext } from './context.js';
import { AuthError } from './errors.js';
import { type TokenSet, tokenSetFrom } from './tokens.js';

/** The set that the options bring along. @throws AuthError `invalid_options` */
export function initialTokens(
  context: SessionContext,
  { initialTokens }: AuthSessionOptions,
): TokenSet | undefined {
  if (initialTokens === undefined) return undefined;
  try {
    return tokenSetFrom(initialTokens, context.clock.now());
  } catch (error) {
    throw new AuthError('invalid_options', { detail: `initialTokens: ${(error as AuthError).detail}` });
  }
}

/** They wait to be saved, until the first read shows whether the store has anything newer. */
export function keepInitialTokens(account: Account, tokens: TokenSet): void {
  if (!account.hasRead) account.saveDeferred({ tokens, by: 'login', isInitial: true });
}
