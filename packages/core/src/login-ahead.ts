import type { SessionContext } from './context.js';
import * as limits from './limits.js';
import type { TokenSet } from './tokens.js';

/**
 * Whether a login is to renew this set before it ends, with nobody waiting: there is no refresh token, and the session
 * was opened with `loginAhead`. Not where such logins would take more than their part of the hour's allowance.
 */
export function isRenewedByLogin(context: SessionContext, tokens: TokenSet): boolean {
  const lifeMs = replaceableLifeMs(context, tokens);
  return lifeMs !== undefined && lifeMs >= shortestLifeMs(context);
}

/** Says that a set's life is too short for logins ahead: callers will wait at its end. */
export function tellIfTooShort(context: SessionContext, tokens: TokenSet): void {
  const lifeMs = replaceableLifeMs(context, tokens);
  const neededMs = shortestLifeMs(context);
  if (lifeMs !== undefined && lifeMs < neededMs) context.emit({ type: 'login_ahead_off', lifeMs, neededMs });
}

/** How many logins ahead of need are sent in an hour, at most: the rest is left to callers. */
export function aheadPerHour({ environment }: SessionContext): number {
  return Math.floor(environment.maxLoginsPerHour * limits.loginAheadShare);
}

/** The life of a set that only a login can replace, where it may be replaced ahead; undefined: any other set. */
function replaceableLifeMs(context: SessionContext, tokens: TokenSet): number | undefined {
  const { expiresAt, issuedAt } = tokens;
  if (!context.environment.loginAhead || context.provider.prepareLogin === undefined) return undefined;
  return expiresAt === undefined || context.canRefresh(tokens) ? undefined : expiresAt - issuedAt;
}

function shortestLifeMs(context: SessionContext): number {
  const allowed = aheadPerHour(context);
  return Math.ceil(limits.loginWindowMs / allowed / limits.advisoryShare);
}
