import type { Unsaved } from './account.js';
import type { Stored } from './envelope.js';
import type { Flight } from './flight.js';
import { pauseError } from './pause.js';
import { noteSignOut, signedOutError } from './sign-out.js';
import type { TokenSet } from './tokens.js';

/** What a flight does about what it has read. */
export type Decision =
  | { readonly step: 'adopt'; readonly tokens: TokenSet }
  | { readonly step: 'save'; readonly unsaved: Unsaved }
  | { readonly step: 'refresh'; readonly tokens: TokenSet }
  | { readonly step: 'login' };

/** Step 4 of the transaction. @throws AuthError `signed_out`, or what the pause in force is for */
export function decide(flight: Flight, stored: Stored): Decision {
  const { context, account, plan } = flight;
  const { tokens, guard } = stored.envelope;
  const hasNews = noteSignOut(account, stored);
  if (plan.kind === 'refresh') {
    if (account.signedOut) throw signedOutError(context);
    const { unsaved } = account;
    if (unsaved !== undefined) {
      if (replaces(unsaved, stored)) return { step: 'save', unsaved };
      account.unsaved = undefined;
    }
    if (tokens !== undefined) {
      if (isAdoptable(flight, tokens)) return { step: 'adopt', tokens };
      // It may be all there is, should the exchange fail.
      if (account.tokens === undefined && isGood(flight, tokens)) account.take(context, tokens, 'store');
    }
  } else if (hasNews) flight.forgiveSignOuts();
  const pause = pauseError(context, account, guard, plan.kind);
  if (pause !== undefined) throw pause;
  if (plan.kind === 'refresh' && tokens !== undefined && canRefresh(flight, tokens))
    return { step: 'refresh', tokens };
  return { step: 'login' };
}

/** Whether the set that waits to be saved belongs in the place of what is stored. */
export function replaces(unsaved: Unsaved, stored: Stored): boolean {
  const standing = stored.envelope.tokens?.id;
  if (unsaved.initial) return standing === undefined && stored.envelope.signedOutAt === undefined;
  return standing === undefined || standing === unsaved.parentId || standing === unsaved.tokens.id;
}

function canRefresh({ context, account }: Flight, tokens: TokenSet): boolean {
  return (
    tokens.refreshToken !== undefined && context.provider.refresh !== undefined && !account.isSpent(tokens.id)
  );
}

/** Nothing is known against it, but perhaps its age. */
function isGood({ account, plan }: Flight, { id, accessToken }: TokenSet): boolean {
  return !account.isSpent(id) && !account.isRefused(id) && accessToken !== plan.rejected;
}

/** Sets are known by their id and never ordered by time: clocks differ. */
function isAdoptable(flight: Flight, tokens: TokenSet): boolean {
  const { context, account, plan, startedWith } = flight;
  if (!isGood(flight, tokens)) return false;
  if (plan.forced === true && (startedWith === undefined || tokens.id === startedWith)) return false;
  const now = context.clock.now();
  const skew = Math.max(0, tokens.issuedAt - now);
  // Where nothing better can be had, a set is good to its end.
  const isLast = !canRefresh(flight, tokens) && context.provider.prepareLogin === undefined;
  if (isLast) return now < (tokens.expiresAt ?? Number.POSITIVE_INFINITY) - skew;
  if (tokens.id === account.tokens?.id) return account.checkClock(context.clock) < account.freshUntil;
  // Somebody else's may be due for a refresh: the next caller starts it and need not wait for it.
  return now < context.dueTimes(tokens).mandatoryAt - skew;
}
