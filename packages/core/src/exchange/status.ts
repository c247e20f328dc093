import type { Account } from '../account.js';
import type { AuthStatus } from '../auth-session.js';
import type { SessionContext } from '../context.js';
import type { Stored } from '../envelope.js';
import { pauseGiven } from '../rare-facts.js';
import { readStored } from '../records.js';
import type { TokenSet } from '../tokens.js';
import { retryRefusedAt } from './latch.js';

/** What memory and store tell, without an exchange and without a change. */
export async function readStatus(context: SessionContext, account: Account): Promise<AuthStatus> {
  return statusOf(context, account, await readStored(context));
}

export function statusOf(context: SessionContext, account: Account, { envelope }: Stored): AuthStatus {
  const { guard, signedOutAt, tokens: storedTokens } = envelope;
  const now = context.clock.now();
  const { client = guard.client, unsaved } = account.facts;
  const { latch: refused = guard.latch } = account.facts;
  // A mistyped password keeps the configured one from nothing.
  const latch =
    refused?.isTyped === true && context.provider.prepareLogin !== undefined ? undefined : refused;
  const isSignOutNews = account.isNews(signedOutAt);
  const inHand = account.isAlive(context.clock) ? account.tokens : unsaved?.tokens;
  const candidates = isSignOutNews ? [storedTokens] : [inHand, storedTokens];
  const isAlive = ({ expiresAt = Number.POSITIVE_INFINITY }: TokenSet): boolean => now < expiresAt;
  // While the client is refused a refresh token is of no use.
  const mayRefresh = (set: TokenSet): boolean => client === undefined && context.canRefresh(set);
  const tokens = candidates.find((set) => set !== undefined && (isAlive(set) || mayRefresh(set)));
  const { pausedUntil } = pauseGiven(context, account.facts, guard, !account.hasRead);
  const pauseEndsAt = Math.ceil(now + pausedUntil - context.clock.monotonic());
  const instants = [pauseEndsAt, client?.retryAt, latch && retryRefusedAt(context, latch)];
  const retryAt = Math.max(...instants.filter((at) => at !== undefined));
  const isOver = account.isSignedOut || isSignOutNews || (signedOutAt !== undefined && tokens === undefined);
  const state = isOver ? 'signed_out' : tokens ? 'signed_in' : latch || client ? 'login_blocked' : 'idle';
  const refusedAt = latch?.at ?? client?.at;
  const blockedAt = refusedAt && Math.min(refusedAt, now);
  const { lastFailure } = guard;
  return {
    state,
    ...(state === 'signed_in' && tokens?.expiresAt !== undefined ? { expiresAt: tokens.expiresAt } : {}),
    ...(blockedAt === undefined ? {} : { blockedAt }),
    ...(retryAt > now ? { retryAt } : {}),
    ...(state === 'signed_in' && tokens !== undefined ? { issuedAt: tokens.issuedAt } : {}),
    ...(lastFailure === undefined ? {} : { lastFailure }),
  };
}
