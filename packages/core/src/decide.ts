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
  noteSignOut(account, stored);
  if (plan.kind === 'refresh') {
    if (account.signedOut) throw signedOutError(context);
    const { unsaved } = account;
    if (unsaved !== undefined) {
      if (replaces(unsaved, stored)) return { step: 'save', unsaved };
      account.unsaved = undefined;
    }
    if (tokens !== undefined && isAdoptable(flight, tokens)) return { step: 'adopt', tokens };
  }
  const pause = pauseError(context, account, guard, plan.kind);
  if (pause !== undefined) throw pause;
  if (plan.kind === 'refresh' && tokens !== undefined && canRefresh(flight, tokens))
    return { step: 'refresh', tokens };
  return { step: 'login' };
}

function canRefresh({ context, account }: Flight, tokens: TokenSet): boolean {
  return (
    tokens.refreshToken !== undefined && context.provider.refresh !== undefined && !account.isSpent(tokens.id)
  );
}

/** Whether the set that waits to be saved belongs in the place of what is stored. */
export function replaces(unsaved: Unsaved, stored: Stored): boolean {
  if (unsaved.initial) return stored.recordId === undefined;
  const standing = stored.envelope.tokens?.id;
  return standing === unsaved.parentId || standing === unsaved.tokens.id;
}

/** Sets are known by their id and never ordered by time: clocks differ. */
function isAdoptable(flight: Flight, tokens: TokenSet): boolean {
  const { context, account, plan, startedWith } = flight;
  if (account.isSpent(tokens.id) || account.isRefused(tokens.id)) return false;
  if (plan.forced === true && (startedWith === undefined || tokens.id === startedWith)) return false;
  const now = context.clock.now();
  const skew = Math.max(0, tokens.issuedAt - now);
  const { advisoryAt, mandatoryAt } = context.refreshPolicy(tokens, context.random);
  // Where nothing better can be had, a set is good to its end.
  const isLast = !canRefresh(flight, tokens) && context.provider.prepareLogin === undefined;
  if (isLast) return now < mandatoryAt - skew;
  if (tokens.id === account.tokens?.id) return account.checkClock(context.clock) < account.freshUntil;
  return now < advisoryAt - skew;
}
