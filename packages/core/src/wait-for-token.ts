import type { Account } from './account.js';
import { callOn } from './accounts.js';
import type { Clock } from './clock.js';
import type { CallGroup, SessionContext } from './context.js';
import { withDeadline } from './deadline.js';
import { type AuthError, isAuthError } from './errors.js';
import { type Flight, type FlightPlan, isLeftToOthers } from './flight.js';
import * as limits from './limits.js';
import { refreshInBackground, startFlight } from './schedule-refresh.js';
import { lastsFor, type TokenSet } from './tokens.js';

/** What a caller wants beyond any usable set. */
export interface Need {
  /** The id of a set that will not do. */
  readonly unlike?: string | undefined;
  /** An access token that will not do. */
  readonly rejected?: string | undefined;
  /** Even a fresh set will not do, unless an exchange has just brought it. */
  readonly forced?: boolean;
  /** So much life is to be left. */
  readonly minValidMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Waits for a set that will do, at most `callMs`; the work behind the wait goes on without the caller. */
export function waitForToken(context: SessionContext, account: Account, need: Need): Promise<TokenSet> {
  return callOn(account, waitAtMost(context, joinOrStartFlight(context, account, need), need.signal));
}

/** Waits for any usable set. Callers that arrive at about the same moment share one wait, and with it one deadline. */
export function waitTogether(context: SessionContext, account: Account): Promise<TokenSet> {
  const tokens = waitForToken(context, account, {});
  const group: CallGroup = { since: context.clock.monotonic(), tokens, accessToken: undefined };
  context.callGroup = group;
  const leave = (): void => {
    if (context.callGroup === group) context.callGroup = undefined;
  };
  tokens.then(leave, leave);
  return tokens;
}

/**
 * Hands out a set that is still good, and starts its refresh if it is due. Waits for that only where no work may outlive the
 * call, and for a set that this very call has adopted: the process may end right after the call, and the next may find
 * the set the same way.
 */
export async function handOutEarly(
  context: SessionContext,
  account: Account,
  tokens: TokenSet,
  { isAdopted = false, ...need }: Need & { readonly isAdopted?: boolean },
): Promise<TokenSet> {
  account.held.noteHandedOut();
  if (account.held.isFresh || account.tokens?.id !== tokens.id) return tokens;
  const underWay = isAdopted ? account.flight?.settled : undefined;
  const work = mayRefreshEarly(account, context.clock)
    ? refreshInBackground(context, account, { kind: 'refresh', isEarly: true })
    : underWay;
  if (work === undefined) return tokens;
  if (isAdopted || !context.mayOutliveCalls) await waitForEarlyRefresh(context, account, work, need.signal);
  if (account.isSignedOut) throw context.error('signed_out');
  const { tokens: inHand = tokens } = account;
  return !isAdopted || fits(context.clock, inHand, need) ? inHand : tokens;
}

/** Waits for a refresh that is due and not yet needed, for a few seconds: a set that is still good is at hand. */
async function waitForEarlyRefresh(
  context: SessionContext,
  account: Account,
  work: Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const late = (): AuthError => context.error('timeout');
  const waiting = withDeadline(context.clock, limits.earlyRefreshMs, late, work, signal);
  await callOn(account, waiting).catch(() => {});
  signal?.throwIfAborted();
}

/** Whether a refresh that nobody waits for may start now. */
function mayRefreshEarly({ flight, facts, held }: Account, clock: Clock): boolean {
  const now = clock.monotonic();
  const isQuiet = now < facts.quietUntil || now < facts.pausedUntil;
  return flight === undefined && !isQuiet && !facts.isRefreshBroken && !held.hasJustCome(clock);
}

/** Runs a sign-in or a password check, after the flight or sign-out that is under way. */
export function runLogin(
  context: SessionContext,
  account: Account,
  plan: FlightPlan,
  signal: AbortSignal | undefined,
): Promise<TokenSet | undefined> {
  const queue = async (): Promise<TokenSet | undefined> => {
    signal?.throwIfAborted();
    for (let busy = busyUntil(account); busy !== undefined; busy = busyUntil(account)) {
      const { flight } = account;
      if (flight !== undefined && isJoinable(account, flight, context, plan)) return flight.tokens;
      await busy;
      signal?.throwIfAborted();
    }
    const tokens = await startFlight(context, account, plan).tokens;
    if (tokens !== undefined) account.held.noteHandedOut();
    return tokens;
  };
  return callOn(account, waitAtMost(context, queue(), signal));
}

/** Joins the flight under way, or starts a flight, until a flight brings a set that satisfies `need`. */
async function joinOrStartFlight(context: SessionContext, account: Account, need: Need): Promise<TokenSet> {
  const { clock } = context;
  const { forced = false, rejected, minValidMs } = need;
  for (let joined = 0; ; joined++) {
    // Let a sign-in or password check end first, then look at the set in hand: its result may not satisfy `need`.
    for (let running = account.flight; isLogin(running); running = account.flight) await running.settled;
    const inHand = account.tokens;
    const isAtHand = account.isUsable(context) && !account.held.isInDoubt;
    if (inHand !== undefined && fits(clock, inHand, need) && isAtHand && !forced) {
      account.held.noteHandedOut();
      return inHand;
    }
    const underWay = account.flight;
    if (underWay !== undefined && account.hasSignedOutSince(underWay)) throw context.error('signed_out');
    underWay?.joined();
    const flight =
      underWay ?? startFlight(context, account, { kind: 'refresh', forced, rejected, minValidMs });
    flight.hasWaiters = true;
    if (rejected !== undefined) flight.isReplacement = true;
    const isLast = joined === limits.joins;
    try {
      const tokens = (await flight.tokens) as TokenSet;
      if (!isLast && !isAnswer(clock, flight, tokens, need)) continue;
      if (!flight.hasExchanged)
        return await handOutEarly(context, account, tokens, { ...need, isAdopted: true });
      account.held.noteHandedOut();
      return tokens;
    } catch (error) {
      if (!isLast && wasNotOurs(error, flight, context)) continue;
      const anyWillDo = !forced && need.unlike === undefined && rejected === undefined;
      if (!anyWillDo || !account.isAlive(clock)) throw error;
      account.held.noteHandedOut();
      return account.tokens as TokenSet;
    }
  }
}

function isLogin(flight: Flight | undefined): flight is Flight {
  return flight !== undefined && flight.plan.kind !== 'refresh';
}

/** Whether a flight's set is the answer. A set from an exchange is, even if the server issued the same token again. */
function isAnswer(clock: Clock, flight: Flight, tokens: TokenSet, need: Need): boolean {
  if (flight.hasExchanged && tokens.id !== need.unlike) return true;
  return fits(clock, tokens, need) && (need.forced !== true || flight.plan.forced === true);
}

function fits(clock: Clock, tokens: TokenSet, { unlike, rejected, minValidMs }: Need): boolean {
  if (minValidMs !== undefined && !lastsFor(tokens, minValidMs, clock.now())) return false;
  return tokens.id !== unlike && tokens.accessToken !== rejected;
}

/**
 * Whether to join another flight: a timer's flight never logs in, an early one does not wait for the lease, and another
 * session's has that session's credentials.
 */
function wasNotOurs(error: unknown, { context: theirs, plan }: Flight, ours: SessionContext): boolean {
  if (!isAuthError(error)) return false;
  if (isLeftToOthers(error, plan)) return true;
  return theirs !== ours && ours.provider.prepareLogin !== undefined && loginFailures.has(error.code);
}

const loginFailures: ReadonlySet<string> = new Set([
  'reauthentication_required',
  'invalid_credentials',
  'login_blocked',
  'credentials_unavailable',
]);

function busyUntil(account: Account): Promise<void> | undefined {
  return account.flight?.settled ?? account.facts.signOutUnderWay;
}

/** Whether a sign-in may join: only the same session's sign-in sends the same password, and a sign-out voids it. */
function isJoinable(account: Account, flight: Flight, context: SessionContext, plan: FlightPlan): boolean {
  const areSignIns = [flight.plan, plan].every(({ kind, isTyped }) => kind === 'sign_in' && isTyped !== true);
  return areSignIns && flight.context === context && flight.signOutsSeen === account.facts.signOuts;
}

/** One caller's wait, at most `callMs`; the work behind the wait goes on. */
export function waitAtMost<Result>(
  context: SessionContext,
  work: Promise<Result>,
  signal?: AbortSignal | undefined,
): Promise<Result> {
  const late = (): AuthError => context.error('timeout', { detail: 'callMs is over, the work goes on' });
  return withDeadline(context.clock, context.timeouts.callMs, late, work, signal);
}
