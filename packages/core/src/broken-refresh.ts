import { coolDownMs } from './cool-down.js';
import type { Guard } from './envelope.js';
import * as limits from './limits.js';
import type { TokenSet } from './tokens.js';

/** Whether the refresh endpoint is broken, and a login is due to stand in for a refresh. */
export function mayLogInInstead(guard: Guard, tokens: TokenSet | undefined, now: number): boolean {
  if (guard.refreshFails?.isBroken !== true) return false;
  // Logins that work are half a life apart. Logins that fail are as far apart as the cool-down says.
  const lifeMs = tokens?.expiresAt === undefined ? 0 : tokens.expiresAt - tokens.issuedAt;
  const ageMs = tokens === undefined || tokens.issuedAt > now ? lifeMs : now - tokens.issuedAt;
  const sinceLoginMs = now - lastLoginAt(guard, now);
  return ageMs >= lifeMs / 2 && sinceLoginMs >= Math.max(limits.brokenLoginGapMs, coolDownMs(guard.failures));
}

/** The last login that was counted. What a clock far ahead has dated says nothing of when it was. */
export function lastLoginAt({ loginsAt }: Pick<Guard, 'loginsAt'>, now: number): number {
  const last = loginsAt.findLast((at) => at - now <= limits.clockAheadMs);
  return Math.min(last ?? Number.NEGATIVE_INFINITY, now);
}
