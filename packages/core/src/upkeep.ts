import type { Account } from './account.js';
import { unref } from './clock.js';
import type { SessionContext } from './context.js';
import { isAuthError } from './errors.js';
import { Flight, type FlightPlan } from './flight.js';
import { coolDownMs } from './guard.js';
import { limits } from './limits.js';
import { readStored, storeError } from './records.js';
import { noteSignOut } from './sign-out.js';

/** Starts the account's one flight. There must be none under way. */
export function startFlight(context: SessionContext, account: Account, plan: FlightPlan): Flight {
  watchStore(context, account);
  const flight = new Flight(context, account, plan);
  account.flight = flight;
  flight.tokens.then(
    () => scheduleRefresh(account, account.freshUntil),
    (error: unknown) => {
      if (plan.kind === 'refresh') scheduleRetry(account, error);
    },
  );
  try {
    context.waitUntil?.(flight.done);
  } catch {
    // A platform that refuses the work lets it run as long as it likes.
  }
  return flight;
}

/** A refresh nobody waits for. Its failure is an event; the token in hand lives on. */
export async function refreshInBackground(
  context: SessionContext,
  account: Account,
  plan: FlightPlan,
): Promise<void> {
  try {
    await startFlight(context, account, plan).tokens;
    account.quietUntil = context.clock.monotonic() + limits.exchangeGapMs;
  } catch (error) {
    if (isAuthError(error))
      context.emit({ type: 'background_failed', code: error.code, retryAt: error.retryAt });
  }
}

/** Puts the set's refresh on the scheduler, if it can be refreshed at all. */
function scheduleRefresh(account: Account, at: number): void {
  account.unschedule();
  const { tokens } = account;
  const context = scheduled(account);
  if (tokens?.refreshToken === undefined || !Number.isFinite(at)) return;
  if (context?.provider.refresh === undefined) return;
  const { id } = tokens;
  const run = (): Promise<void> => refreshOnTime(account, id);
  try {
    account.cancelTimer = context.scheduler?.schedule({ key: account.schedulerKey, at, run });
  } catch {
    // Without its timer the set is refreshed by the next caller.
  }
}

/** After a failure: not before the pause that came with it, and later each time. */
function scheduleRetry(account: Account, error: unknown): void {
  const [context] = account.contexts;
  if (context === undefined) return;
  const now = context.clock.now();
  const retryAt = isAuthError(error) ? (error.retryAt ?? 0) : 0;
  const again = Math.max(retryAt, now + coolDownMs(++account.failures));
  account.quietUntil = context.clock.monotonic() + (again - now);
  if (isAuthError(error) && !error.retryable) return;
  if (again < account.expiresAt || keepsAlive(account)) scheduleRefresh(account, again);
}

/** Refreshes a set that was in use; one that nobody asked for waits for the next caller. */
async function refreshOnTime(account: Account, id: string): Promise<void> {
  const context = scheduled(account);
  if (context === undefined || account.tokens?.id !== id || account.flight !== undefined) return;
  const now = account.checkClock(context.clock);
  if (!account.handedOut && !keepsAlive(account)) return;
  if (account.hasJustExchanged(context.clock)) return scheduleRefresh(account, now + limits.exchangeGapMs);
  await refreshInBackground(context, account, { kind: 'refresh', byTimer: true });
}

/** The first of the account's sessions that takes part in timers. */
function scheduled(account: Account): SessionContext | undefined {
  return account.contexts.find(({ scheduler }) => scheduler !== null);
}

function keepsAlive(account: Account): boolean {
  return account.contexts.some(({ keepAlive }) => keepAlive);
}

/** Lets the store tell the account of changes by others, from the first flight on. */
function watchStore(context: SessionContext, account: Account): void {
  if (context.store.subscribe === undefined || account.unsubscribe !== undefined) return;
  try {
    account.unsubscribe = context.store.subscribe(context.key, () => void followStore(account));
  } catch (error) {
    account.unsubscribe = () => {};
    storeError(context, 'subscribe', error);
  }
}

/** Adopts what somebody else saved, or their sign-out. A store that is away is looked at again. */
async function followStore(account: Account, retryMs: number = limits.storeRetryMinMs): Promise<void> {
  account.cancelLook?.();
  account.flight?.look();
  await account.flight?.settled;
  const [context] = account.contexts;
  if (context === undefined) return;
  const inHand = account.tokens;
  const stored = await readStored(context).catch(() => undefined);
  if (stored === undefined) return followLater(account, retryMs);
  // A flight that started meanwhile reads for itself, and one that has ended knows better.
  if (account.flight !== undefined || account.tokens !== inHand) return;
  noteSignOut(account, stored);
  const { tokens } = stored.envelope;
  if (tokens === undefined || account.signedOut || account.unsaved !== undefined) return;
  if (inHand === undefined || account.isSpent(tokens.id) || account.isRefused(tokens.id)) return;
  account.adopt(context, tokens);
  if (tokens.id !== inHand.id) scheduleRefresh(account, account.freshUntil);
}

function followLater(account: Account, delayMs: number): void {
  const [context] = account.contexts;
  if (context?.mayOutliveCalls !== true) return;
  const { clock } = context;
  const nextMs = Math.min(delayMs * 2, limits.storeRetryMaxMs);
  const timer = clock.setTimeout(() => void followStore(account, nextMs), delayMs);
  unref(timer);
  account.cancelLook = () => clock.clearTimeout(timer);
}
