import type { Account } from './account.js';
import { mayLogInInstead } from './broken-refresh.js';
import type { SessionContext } from './context.js';
import { isNewer, type Stored } from './envelope.js';
import type { AuthError } from './errors.js';
import type { FlightPlan } from './flight.js';
import { alwaysPast } from './held-set.js';
import * as limits from './limits.js';
import { pauseGiven, type Unsaved } from './rare-facts.js';
import { lastsFor, type TokenSet } from './tokens.js';

/** What a flight does about what it has read. */
export type Step =
  | { readonly kind: 'adopt'; readonly tokens: TokenSet }
  | { readonly kind: 'save'; readonly unsaved: Unsaved }
  | { readonly kind: 'refresh'; readonly tokens: TokenSet }
  | { readonly kind: 'login' }
  | { readonly kind: 'fail'; readonly error: AuthError };

/** What {@link nextStep} noticed while it decided. {@link learn} tells the account. */
export interface Facts {
  /** The store tells of a sign-out that this process did not know. */
  readonly isSignOutNews: boolean;
  /** The unsaved set no longer belongs in the store, and is dropped. */
  readonly isUnsavedObsolete: boolean;
  /** A stored set to take in hand, so that callers get it if the exchange fails. */
  readonly fallback: TokenSet | undefined;
  /** The stored pause was consulted. */
  readonly isPauseKnown: boolean;
}

/** What a flight is for, and the set in hand when it started. */
type Purpose = { readonly plan: FlightPlan; readonly startedWith: string | undefined };

/**
 * Decides what a flight does about what it has read. It changes nothing and tells nobody: the account learns the facts
 * by {@link learn}.
 */
export function nextStep(
  context: SessionContext,
  known: Account,
  stored: Stored,
  purpose: Purpose,
): { readonly step: Step; readonly facts: Facts } {
  const { tokens, signedOutAt } = stored.envelope;
  const isSignOutNews = known.isNews(signedOutAt);
  const facts = {
    isSignOutNews,
    isUnsavedObsolete: false,
    fallback: undefined as TokenSet | undefined,
    isPauseKnown: false,
  };
  const isRefresh = purpose.plan.kind === 'refresh';
  if (isRefresh) {
    if (isSignOutNews || known.isSignedOut)
      return { step: { kind: 'fail', error: context.error('signed_out') }, facts };
    const { unsaved } = known.facts;
    if (unsaved !== undefined) {
      if (replaces(unsaved, stored)) return { step: { kind: 'save', unsaved }, facts };
      facts.isUnsavedObsolete = true;
    }
    if (tokens !== undefined) {
      if (isAdoptable(context, known, purpose, tokens)) return { step: { kind: 'adopt', tokens }, facts };
      if (known.tokens === undefined && isUnspoilt(known, purpose.plan, tokens)) facts.fallback = tokens;
    }
  }
  facts.isPauseKnown = true;
  const pause = pauseError(context, known, stored, purpose.plan);
  if (pause !== undefined) return { step: { kind: 'fail', error: pause }, facts };
  if (isRefresh && tokens !== undefined && known.canRefresh(context, tokens))
    return { step: { kind: 'refresh', tokens }, facts };
  return { step: { kind: 'login' }, facts };
}

/** Tells the account what was read and noticed. */
export function learn(context: SessionContext, account: Account, stored: Stored, facts: Facts): void {
  const { guard, signedOutAt } = stored.envelope;
  account.seen(context.clock, stored.envelope);
  // Before the sign-out, which makes this the first read.
  account.guardRead(context, guard, facts.isPauseKnown);
  account.signOutRead(signedOutAt);
  if (account.facts.unsaved === undefined) account.refusalsRead(context.clock, stored.envelope);
  if (facts.isUnsavedObsolete) account.saveDeferred(undefined);
  if (facts.fallback !== undefined) account.taken(context, facts.fallback, 'store');
}

/** Whether the unsaved set belongs in the store, in place of the stored set. */
export function replaces(unsaved: Unsaved, stored: Stored): boolean {
  const { tokens, signedOutAt } = stored.envelope;
  const standing = tokens?.id;
  if (unsaved.isInitial) return standing === undefined && signedOutAt === undefined;
  if (standing === undefined || standing === unsaved.parentId || standing === unsaved.tokens.id) return true;
  // The store has lost its data, and somebody was faster to write back what they held, of the same login and older.
  return isNewer(unsaved.origin, stored.envelope);
}

/**
 * The error of the pause in force, if there is a pause. A sign-in or password check keeps a pause that the server asked
 * for, and ignores our own cool-down.
 */
function pauseError(
  context: SessionContext,
  known: Account,
  { envelope: { guard, tokens } }: Stored,
  plan: FlightPlan,
): AuthError | undefined {
  const { clock, provider } = context;
  const { pausedUntil, pauseCode } = pauseGiven(context, known.facts, guard, !known.hasRead);
  const leftMs = pausedUntil - clock.monotonic();
  if (leftMs <= 0) return undefined;
  const code = pauseCode ?? (guard.failures > 0 ? 'server_unavailable' : 'rate_limited');
  if (plan.kind !== 'refresh' && code !== 'rate_limited') return undefined;
  // A login stands in for the refresh of a set that is over; while the endpoint is broken no refresh starts early.
  const hasJustTried =
    clock.monotonic() - (known.facts.triedInsteadAt ?? alwaysPast) < limits.brokenLoginGapMs;
  const mayLogIn = plan.byTimer !== true && provider.prepareLogin !== undefined && !hasJustTried;
  if (code !== 'rate_limited' && mayLogIn && mayLogInInstead(guard, tokens, clock.now())) return undefined;
  return context.error(code, {
    delivery: 'not_sent',
    retryAt: Math.ceil(clock.now() + leftMs),
    detail: 'it failed before; nothing is sent until retryAt',
  });
}

/** Neither spent nor refused; it may have expired. */
function isUnspoilt(known: Account, plan: FlightPlan, { id, accessToken }: TokenSet): boolean {
  return !known.isSpent(id) && !known.isRefused(id) && accessToken !== plan.rejected;
}

/** Whether to adopt a stored set. Sets are told apart by id and never ordered by time: machines' clocks differ. */
function isAdoptable(
  context: SessionContext,
  known: Account,
  { plan, startedWith }: Purpose,
  tokens: TokenSet,
): boolean {
  if (!isUnspoilt(known, plan, tokens)) return false;
  if (plan.forced === true && (startedWith === undefined || tokens.id === startedWith)) return false;
  const now = context.clock.now();
  if (plan.minValidMs !== undefined && !lastsFor(tokens, plan.minValidMs, now)) return false;
  const skewMs = Math.max(0, tokens.issuedAt - now);
  // A set that neither a refresh nor a login can replace is used until it expires.
  const isLast = !known.canRefresh(context, tokens) && context.provider.prepareLogin === undefined;
  if (isLast) return now < (tokens.expiresAt ?? Number.POSITIVE_INFINITY) - skewMs;
  if (tokens.id === known.tokens?.id) return now < known.held.freshUntil;
  // Somebody else's set may be due for a refresh: the next caller starts it and need not wait for it.
  return now < context.dueTimes(tokens).mandatoryAt - skewMs;
}
