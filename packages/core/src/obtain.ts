import type { Account } from './account.js';
import type { CallGroup, SessionContext } from './context.js';
import { waitFor } from './deadline.js';
import { AuthError, isAuthError } from './errors.js';
import type { Flight, FlightPlan } from './flight.js';
import { limits } from './limits.js';
import { signedOutError } from './sign-out.js';
import type { TokenSet } from './tokens.js';
import { refreshInBackground, startFlight } from './upkeep.js';

/** What a caller wants beyond any usable set. */
export interface Need {
  /** The id of a set that will not do. */
  readonly unlike?: string | undefined;
  /** An access token that will not do. */
  readonly rejected?: string | undefined;
  /** Even a fresh set will not do, unless an exchange has just brought it. */
  readonly forced?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Waits for a set that will do, at most `callMs`; the work behind the wait goes on without the caller. */
export function obtain(context: SessionContext, account: Account, need: Need): Promise<TokenSet> {
  return wait(context, bring(context, account, need), need.signal);
}

/** The same for any usable set: callers of about the same moment share one wait, and with it one deadline. */
export function obtainTogether(context: SessionContext, account: Account): Promise<TokenSet> {
  const tokens = obtain(context, account, {});
  const group: CallGroup = { since: context.clock.monotonic(), tokens, accessToken: undefined };
  context.callGroup = group;
  const leave = (): void => {
    if (context.callGroup === group) context.callGroup = undefined;
  };
  group.tokens.then(leave, leave);
  return group.tokens;
}

/** Hands out a set that is still good, and sees to its refresh. Waits only where no work may outlive the call. */
export async function handOutEarly(
  context: SessionContext,
  account: Account,
  tokens: TokenSet,
  signal: AbortSignal | undefined,
): Promise<TokenSet> {
  account.handedOut = true;
  if (account.seenAt < account.freshUntil || !account.mayRefreshEarly(context.clock)) return tokens;
  const work = refreshInBackground(context, account, { kind: 'refresh' });
  if (!context.mayOutliveCalls) {
    await wait(context, work, signal).catch(() => {});
    signal?.throwIfAborted();
  }
  if (account.signedOut) throw signedOutError(context);
  return account.tokens ?? tokens;
}

/** Runs a login that a person asked for, after whatever is under way. */
export function runLogin(
  context: SessionContext,
  account: Account,
  plan: FlightPlan,
  signal: AbortSignal | undefined,
): Promise<TokenSet | undefined> {
  const queue = async (): Promise<TokenSet | undefined> => {
    signal?.throwIfAborted();
    for (let busy = isBusy(account); busy !== undefined; busy = isBusy(account)) {
      const { flight } = account;
      if (flight !== undefined && isJoinable(flight, context, plan)) return flight.tokens;
      await busy;
      signal?.throwIfAborted();
      assertLive(context, account);
    }
    const tokens = await startFlight(context, account, plan).tokens;
    return tokens && handedOut(account, tokens);
  };
  return wait(context, queue(), signal);
}

/** @throws AuthError `disposed` */
export function assertLive(
  context: SessionContext,
  account: Account | undefined,
): asserts account is Account {
  if (account?.contexts.includes(context) !== true) {
    throw new AuthError('disposed', { provider: context.provider.name });
  }
}

/** Joins the flight under way, or starts one, until a set comes that will do. */
async function bring(context: SessionContext, account: Account, need: Need): Promise<TokenSet> {
  const { clock } = context;
  const { forced = false, rejected } = need;
  for (let joined = 0; ; joined++) {
    // A person's login comes first; whatever it brings, this caller looks for itself.
    for (let running = account.flight; isPersons(running); running = account.flight) await running.settled;
    assertLive(context, account);
    const inHand = account.tokens;
    const isGood = inHand !== undefined && fits(inHand, need) && account.isUsable(clock);
    if (isGood && !forced) return handedOut(account, inHand);
    const flight = account.flight ?? startFlight(context, account, { kind: 'refresh', forced, rejected });
    flight.wanted = true;
    const isLast = joined === limits.joins;
    try {
      const tokens = (await flight.tokens) as TokenSet;
      if (isLast || isAnswer(flight, tokens, need)) return handedOut(account, tokens);
    } catch (error) {
      if (!isLast && wasNotOurs(error, flight.context, context)) continue;
      const anyWillDo = !forced && need.unlike === undefined && rejected === undefined;
      if (anyWillDo && account.isAlive(clock)) return handedOut(account, account.tokens as TokenSet);
      throw error;
    }
  }
}

function isPersons(flight: Flight | undefined): flight is Flight {
  return flight !== undefined && flight.plan.kind !== 'refresh';
}

/** What an exchange brought is the answer, even where the server issued the same access token again. */
function isAnswer(flight: Flight, tokens: TokenSet, need: Need): boolean {
  if (flight.hasExchanged && tokens.id !== need.unlike) return true;
  return fits(tokens, need) && (need.forced !== true || flight.plan.forced === true);
}

function fits({ id, accessToken }: TokenSet, { unlike, rejected }: Need): boolean {
  return id !== unlike && accessToken !== rejected;
}

function handedOut(account: Account, tokens: TokenSet): TokenSet {
  account.handedOut = true;
  return tokens;
}

/** The flight ended where a login was needed: a timer sends none, and another session has credentials of its own. */
function wasNotOurs(error: unknown, theirs: SessionContext, ours: SessionContext): boolean {
  if (!isAuthError(error)) return false;
  if (error.code === 'refresh_refused') return true;
  return theirs !== ours && ours.provider.prepareLogin !== undefined && loginFailures.has(error.code);
}

const loginFailures: ReadonlySet<string> = new Set([
  'reauthentication_required',
  'invalid_credentials',
  'login_blocked',
  'credentials_unavailable',
]);

function isBusy(account: Account): Promise<void> | undefined {
  return account.flight?.settled ?? account.signingOut;
}

/** Only the same session's own sign-in checks the same password; and one that a sign-out overtook helps nobody. */
function isJoinable(flight: Flight, context: SessionContext, plan: FlightPlan): boolean {
  const areSignIns = [flight.plan, plan].every(({ kind, typed }) => kind === 'sign_in' && typed !== true);
  return areSignIns && flight.context === context && !flight.overtakenBySignOut;
}

function wait<Result>(
  context: SessionContext,
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const { clock, timeouts, provider } = context;
  const late = (): AuthError =>
    new AuthError('timeout', { provider: provider.name, detail: 'callMs is over, the work goes on' });
  return waitFor(clock, work, timeouts.callMs, late, signal);
}
