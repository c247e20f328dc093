import type { Account } from './account.js';
import type { SessionContext } from './context.js';
import type { AuthError } from './errors.js';
import { Flight, type FlightPlan } from './flight.js';
import { limits } from './limits.js';
import { readStored, storeError } from './records.js';
import { noteSignOut } from './sign-out.js';

/** Starts the account's one flight. There must be none under way. */
export function startFlight(context: SessionContext, account: Account, plan: FlightPlan): Flight {
  watchStore(context, account);
  const flight = new Flight(context, account, plan);
  account.flight = flight;
  flight.tokens.then(
    () => scheduleRefresh(account),
    () => {},
  );
  context.waitUntil?.(flight.done);
  return flight;
}

/** Puts the set's refresh on the scheduler, if it can be refreshed at all. */
function scheduleRefresh(account: Account, at: number = account.freshUntil): void {
  account.cancelTimer?.();
  account.cancelTimer = undefined;
  const [context] = account.contexts;
  const { tokens } = account;
  if (context === undefined || tokens?.refreshToken === undefined) return;
  if (context.provider.refresh === undefined || !Number.isFinite(at)) return;
  account.cancelTimer = context.scheduler?.schedule({
    key: account.schedulerKey,
    at,
    run: () => refreshOnTime(account, tokens.id),
  });
}

/** Refreshes a set that was in use; one that nobody asked for waits for the next caller. */
async function refreshOnTime(account: Account, id: string): Promise<void> {
  const [context] = account.contexts;
  if (context === undefined || account.tokens?.id !== id || account.flight !== undefined) return;
  const now = account.checkClock(context.clock);
  if (!account.handedOut && !context.keepAlive) return;
  if (account.hasJustExchanged(context.clock)) return scheduleRefresh(account, now + limits.exchangeGapMs);
  await refreshInBackground(context, account, { kind: 'refresh', byTimer: true });
}

/** A refresh nobody waits for. Its failure is an event; the token in hand lives on. */
export async function refreshInBackground(
  context: SessionContext,
  account: Account,
  plan: FlightPlan,
): Promise<void> {
  try {
    await startFlight(context, account, plan).tokens;
  } catch (error) {
    const { code, retryAt, retryable } = error as AuthError;
    const now = context.clock.now();
    const again = Math.max(retryAt ?? 0, now + limits.coolDownMinMs);
    account.quietUntil = context.clock.monotonic() + (again - now);
    context.emit({ type: 'background_failed', code, retryAt });
    if (retryable && plan.byTimer === true && again < account.expiresAt) scheduleRefresh(account, again);
  }
  // Whatever it brought, the next one is not started at once.
  account.quietUntil = Math.max(account.quietUntil, context.clock.monotonic() + limits.exchangeGapMs);
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

/** Adopts what somebody else saved, or their sign-out. */
async function followStore(account: Account): Promise<void> {
  await account.flight?.settled;
  const [context] = account.contexts;
  if (context === undefined) return;
  const stored = await readStored(context).catch(() => undefined);
  if (stored === undefined || account.flight !== undefined) return;
  noteSignOut(account, stored);
  const { tokens } = stored.envelope;
  if (tokens === undefined || account.signedOut || account.unsaved !== undefined) return;
  if (account.tokens === undefined || account.isSpent(tokens.id) || account.isRefused(tokens.id)) return;
  const before = account.tokens.id;
  account.adopt(context, tokens);
  if (tokens.id !== before) scheduleRefresh(account);
}
