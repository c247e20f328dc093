import type { Account } from './account.js';
import type { GetTokenOptions } from './auth-session.js';
import { checkMinValid } from './check-options.js';
import type { CallGroup, SessionContext } from './context.js';
import * as limits from './limits.js';
import { afterRejected } from './refused-token.js';
import { lastsFor, type TokenSet } from './tokens.js';
import { handOutEarly, waitForToken, waitTogether } from './wait-for-token.js';

/** Callers of a stampede share one promise: each of them costs only this check. */
export function openGroup(
  { callGroup, clock }: SessionContext,
  account: Account | undefined,
): CallGroup | undefined {
  if (account === undefined || callGroup === undefined) return undefined;
  if (clock.monotonic() - callGroup.since >= limits.callGroupMs) return undefined;
  account.flight?.joined();
  return callGroup;
}

/**
 * Hands out the set in hand where it is what the caller wants, and otherwise waits for one that is.
 *
 * @param account undefined: the session has ended
 */
export async function tokensFor(
  context: SessionContext,
  account: Account | undefined,
  options: GetTokenOptions | undefined,
): Promise<TokenSet> {
  const { forceRefresh, rejected, minValidMs, signal } = options ?? {};
  if (account === undefined) throw context.error('disposed');
  signal?.throwIfAborted();
  const inHand = account.tokens;
  if (forceRefresh === true)
    return waitForToken(context, account, { forced: true, unlike: inHand?.id, rejected, signal });
  if (rejected !== undefined && inHand?.accessToken === rejected)
    return afterRejected(context, account, inHand, signal);
  if (minValidMs !== undefined) checkMinValid(minValidMs);
  const lasts =
    inHand === undefined || minValidMs === undefined || lastsFor(inHand, minValidMs, context.clock.now());
  if (inHand !== undefined && lasts && account.isUsable(context) && !account.held.isInDoubt)
    return handOutEarly(context, account, inHand, { minValidMs, signal });
  if (signal === undefined && rejected === undefined && minValidMs === undefined)
    return waitTogether(context, account);
  if (inHand !== undefined || rejected === undefined)
    return waitForToken(context, account, { rejected, minValidMs, signal });
  // A program of one call names what the program before it got: what is known of refusals stands beside the stored set.
  const found = await waitForToken(context, account, { minValidMs, signal });
  // What an exchange has just brought is the answer, even if the server issued the same token again.
  const isAnswer = found.accessToken !== rejected || account.held.hasJustCome(context.clock);
  return isAnswer ? found : afterRejected(context, account, found, signal);
}
