import type { Account } from '../account.js';
import type { AuthStatus } from '../auth-session.js';
import type { SessionContext } from '../context.js';
import type { Stored } from '../envelope.js';
import { readStored } from '../records.js';
import type { TokenSet } from '../tokens.js';

/** What memory and store tell, without an exchange and without a change. */
export async function readStatus(context: SessionContext, account: Account): Promise<AuthStatus> {
  return statusOf(context, account, await readStored(context));
}

export function statusOf(context: SessionContext, account: Account, { envelope }: Stored): AuthStatus {
  const { guard, signedOutAt, tokens: storedTokens } = envelope;
  const now = context.clock.now();
  const { latch = guard.latch, client = guard.client, unsaved } = account.facts;
  const isSignOutNews = account.isNews(signedOutAt);
  const inHand = account.isAlive(context.clock) ? account.tokens : unsaved?.tokens;
  const candidates = isSignOutNews ? [storedTokens] : [inHand, storedTokens];
  // While the client is refused a refresh token is of no use.
  const isAlive = (set: TokenSet | undefined): boolean => now < (set?.expiresAt ?? Number.POSITIVE_INFINITY);
  const tokens = candidates.find(
    (set) => isOfUse(context, set, now) && (client === undefined || isAlive(set)),
  );
  const instants = [guard.notBefore, client?.retryAt, latch && context.retryRefusedAt(latch)];
  const retryAt = instants.findLast((at) => at !== undefined && at > now);
  const isOver = account.isSignedOut || isSignOutNews || (signedOutAt !== undefined && tokens === undefined);
  const state = isOver ? 'signed_out' : tokens ? 'signed_in' : latch || client ? 'login_blocked' : 'idle';
  const refusedAt = latch?.at ?? client?.at;
  const blockedAt = refusedAt && Math.min(refusedAt, now);
  const { lastFailure } = guard;
  return {
    state,
    ...(state === 'signed_in' && tokens?.expiresAt !== undefined ? { expiresAt: tokens.expiresAt } : {}),
    ...(blockedAt === undefined ? {} : { blockedAt }),
    ...(retryAt === undefined ? {} : { retryAt }),
    ...(state === 'signed_in' && tokens !== undefined ? { issuedAt: tokens.issuedAt } : {}),
    ...(lastFailure === undefined ? {} : { lastFailure }),
  };
}

/** Whether a set is alive, or can be exchanged for one that is. */
function isOfUse(context: SessionContext, tokens: TokenSet | undefined, now: number): boolean {
  if (tokens === undefined) return false;
  return context.canRefresh(tokens) || now < (tokens.expiresAt ?? Number.POSITIVE_INFINITY);
}
