import type { Account } from './account.js';
import { unref } from './clock.js';
import { coalesced } from './coalesced.js';
import type { SessionContext } from './context.js';
import { coolDownMs } from './cool-down.js';
import { isAuthError } from './errors.js';
import { Flight, type FlightPlan, isLeftToOthers, needsCaller } from './flight.js';
import { getOrAdd } from './get-or-add.js';
import * as limits from './limits.js';
import { loadExchangeHalf } from './load-exchange-half.js';
import { isRenewedByLogin, tellIfTooShort } from './login-ahead.js';
import { askAfterGap, learnDataId, noticeLoss } from './lost-data.js';
import { ignoreRejection, quietly } from './quietly.js';
import { readStored, storeError } from './records.js';
import { runFlight } from './run-flight.js';
import type { TokenSet } from './tokens.js';

/** Starts the account's one flight. There must be none under way. */
export function startFlight(context: SessionContext, account: Account, plan: FlightPlan): Flight {
  const { kind, isMaintenance = false } = plan;
  // Each worker of a fleet would hear of every run of the others: the first caller watches.
  if (!isMaintenance) watchStore(context, account);
  learnDataId(context, restore);
  const { isInDoubt } = account.held;
  const flight = new Flight(context, plan, account.tokens?.id, account.facts.signOuts);
  account.flightStarted(flight);
  flight.tokens.then(
    () => {
      if (isMaintenance) return;
      scheduleRefresh(account, account.held.freshUntil);
      if (account.tokens !== undefined) tellIfTooShort(context, account.tokens);
    },
    (error: unknown) => {
      if (kind === 'refresh' && !isMaintenance) scheduleRetry(account, error);
      const isStoreAway = isAuthError(error) && error.code === 'store_failed';
      if (isInDoubt && isStoreAway) followLater(account, limits.storeRetryMinMs);
    },
  );
  flight.done = runFlight(account, flight);
  // If the platform refuses the promise, the flight still runs, for as long as the platform lets it.
  quietly(() => context.environment.waitUntil?.(flight.done));
  return flight;
}

/** Runs a refresh that no caller depends on. A failure is emitted as an event, and the set in hand stays in use. */
export async function refreshInBackground(
  context: SessionContext,
  account: Account,
  plan: FlightPlan,
): Promise<void> {
  try {
    await startFlight(context, account, plan).tokens;
    account.refreshedInBackground(context.clock);
  } catch (error) {
    if (isAuthError(error) && !isLeftToOthers(error, plan))
      context.emit({ type: 'background_failed', code: error.code, retryAt: error.retryAt });
  }
}

/** Puts the set's renewal on the scheduler, if it can be renewed without a caller. */
function scheduleRefresh(account: Account, at: number): void {
  account.unschedule();
  const { tokens } = account;
  if (tokens === undefined || !Number.isFinite(at)) return;
  const context = contextThatRenews(account, tokens);
  if (context === undefined) return;
  // Without a timer, the next caller refreshes the set.
  quietly(() => account.scheduled(context.schedule(account, at, refreshOnTime)));
}

/** Schedules the attempt after a failure: not before the error's `retryAt`, and after a cool-down that doubles. */
function scheduleRetry(account: Account, error: unknown): void {
  const [context] = account.contexts;
  if (context === undefined) return;
  const now = context.clock.now();
  const failures = account.facts.flightFailures + 1;
  const retryAt = isAuthError(error) ? (error.retryAt ?? 0) : 0;
  const earliest = Math.max(retryAt, now + coolDownMs(failures));
  const again = earliest + (earliest - now) * limits.retryJitterShare * context.random();
  // Where only a caller may log in now, nothing has failed, and a caller is not held back.
  if (!needsCaller(error)) account.flightFailed(context.clock, failures, again - now);
  // The client is tried again, at its `retryAt`.
  if (isAuthError(error) && !error.retryable && error.code !== 'client_refused') return;
  if (again < account.held.expiresAt || keepsAlive(account)) scheduleRefresh(account, again);
}

/** Refreshes a set that was handed out, or is kept alive; any other set waits for the next caller. */
async function refreshOnTime(account: Account): Promise<void> {
  const { tokens, flight } = account;
  const context = tokens && contextThatRenews(account, tokens);
  if (context === undefined || flight !== undefined) return;
  const now = account.held.readClock(context.clock);
  if (!account.held.isHandedOut && !keepsAlive(account)) return;
  if (account.held.hasJustCome(context.clock)) return scheduleRefresh(account, now + limits.exchangeGapMs);
  const isEarly = account.isUsable(context);
  await refreshInBackground(context, account, { kind: 'refresh', byTimer: true, isEarly });
}

/** The first of the account's sessions that takes part in timers, and can renew this set without a caller. */
function contextThatRenews(account: Account, tokens: TokenSet): SessionContext | undefined {
  const { isRefreshBroken } = account.facts;
  const renews = (context: SessionContext): boolean =>
    context.canRefresh(tokens) ? !isRefreshBroken : isRenewedByLogin(context, tokens);
  return account.contexts.find((context) => context.hasTimers && renews(context));
}

function keepsAlive(account: Account): boolean {
  return account.contexts.some(({ environment }) => environment.keepAlive);
}

/** Subscribes the account to the store's changes, at the first flight. */
function watchStore(context: SessionContext, account: Account): void {
  if (context.store.subscribe === undefined || account.isWatched) return;
  try {
    const unsubscribe: unknown = context.store.subscribe(context.key, (news) => hear(account, news));
    ignoreRejection(unsubscribe);
    const isFunction = typeof unsubscribe === 'function';
    // One that has subscribed, and only says nothing of the end, is not asked again.
    account.watched(isFunction ? (unsubscribe as () => void) : () => {});
    if (!isFunction) throw new TypeError('it gave no function');
  } catch (error) {
    storeError(context, 'subscribe', error);
  }
}

function hear(account: Account, news: 'missed' | undefined): void {
  const { flight } = account;
  if (news === 'missed') {
    account.held.doubt();
    const [context] = account.contexts;
    if (context !== undefined) askAfterGap(context);
  }
  // A flight under way may have read before the gap, and may take what it has read in hand.
  if (news === 'missed' && flight === undefined) return;
  flight?.onStoreChange();
  getOrAdd(followers, account, () => coalesced(() => followStore(account)))();
}

/** Writes back what the store has lost of an account. */
async function restore(account: Account): Promise<void> {
  const [context] = account.contexts;
  if (context?.mayOutliveCalls !== true) return;
  if (account.facts.isSignOutLost) return restoreSignOut(context, account);
  await account.flight?.settled;
  if (account.flight !== undefined || account.facts.unsaved === undefined) return;
  await refreshInBackground(context, account, { kind: 'refresh', byTimer: true });
}

async function restoreSignOut(context: SessionContext, account: Account): Promise<void> {
  try {
    const half = await loadExchangeHalf(context);
    await half.restoreSignOut(context, account);
  } catch {
    followLater(account, limits.storeRetryMinMs);
  }
}

/** Most accounts never hear of a change. */
const followers = new WeakMap<Account, () => void>();

/** Adopts a set or a sign-out that somebody else saved. A store that cannot be read is read again later. */
async function followStore(account: Account, retryMs: number = limits.storeRetryMinMs): Promise<void> {
  account.facts.cancelLook?.();
  await account.flight?.settled;
  const [context] = account.contexts;
  if (context === undefined) return;
  const { tokens: inHand } = account;
  const { gaps } = account.held;
  const stored = await readStored(context).catch(() => undefined);
  if (stored === undefined) return followLater(account, retryMs);
  // A flight that started meanwhile reads the store itself, and a flight that ended meanwhile has newer tokens. After another
  // gap the next caller reads.
  if (account.flight !== undefined || account.tokens !== inHand || account.held.gaps !== gaps) return;
  account.held.doubtEnded(context);
  const asking = noticeLoss(context, account, stored);
  if (asking !== undefined) await asking.catch(() => {});
  account.seen(context.clock, stored.envelope);
  if (account.isToRestore) return restore(account);
  const { tokens, signedOutAt } = stored.envelope;
  account.signOutRead(signedOutAt);
  if (tokens === undefined || account.isSignedOut || account.facts.unsaved !== undefined) return;
  if (inHand === undefined || account.isSpent(tokens.id) || account.isRefused(tokens.id)) return;
  account.refusalsRead(context.clock, stored.envelope);
  account.adopted(context, tokens);
  if (tokens.id !== inHand.id) scheduleRefresh(account, account.held.freshUntil);
}

function followLater(account: Account, delayMs: number): void {
  const [context] = account.contexts;
  if (context?.mayOutliveCalls !== true) return;
  const { clock } = context;
  const nextMs = Math.min(delayMs * 2, limits.storeRetryMaxMs);
  const follow = (): void => {
    account.flight?.onStoreChange();
    void followStore(account, nextMs);
  };
  const timer = unref(clock.setTimeout(follow, delayMs));
  account.lookPostponed(() => clock.clearTimeout(timer));
}
