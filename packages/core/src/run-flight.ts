import type { Account } from './account.js';
import { freeIfUnused } from './accounts.js';
import type { SessionContext } from './context.js';
import type { Flight } from './flight.js';
import { loadExchangeHalf } from './load-exchange-half.js';
import { quietly } from './quietly.js';
import { mayEndSoon, readAndDecide } from './read-and-decide.js';
import { releaseFlightLease } from './records.js';
import type { TokenSet } from './tokens.js';

/** Carries the account's flight from its start to the release of its lease. Never rejects. */
export async function runFlight(account: Account, flight: Flight): Promise<void> {
  const { context } = flight;
  let settle: () => void;
  try {
    const tokens = await findOrExchange(context, account, flight);
    // The process may exit as soon as its callers wake, and the next process would wait for a dead holder of the lease.
    if (account.facts.unsaved === undefined) await releaseFlightLease(flight);
    if (flight.plan.kind === 'refresh' && account.hasSignedOutSince(flight))
      throw context.error('signed_out');
    settle = () => flight.resolve(tokens);
  } catch (error) {
    settle = () => flight.reject(error);
  }
  // Where no work may outlive a call, the lease is released before the callers wake.
  if (!context.mayOutliveCalls) await releaseFlightLease(flight);
  const isOver = flight.lease === undefined && account.facts.unsaved === undefined;
  account.flightServed(isOver ? undefined : flight);
  settle();
  if (!isOver) await finish(context, account, flight);
  freeIfUnused(account);
}

/** Runs after the callers were served: keeps retrying a failed save, and releases the lease. */
async function finish(context: SessionContext, account: Account, flight: Flight): Promise<void> {
  if (account.facts.unsaved !== undefined && context.mayOutliveCalls) {
    const half = await loadExchangeHalf(context).catch(() => undefined);
    await half?.keepSaving(context, account, flight);
  }
  account.savingEnded();
  await releaseFlightLease(flight);
  account.flightEnded();
}

async function findOrExchange(
  context: SessionContext,
  account: Account,
  flight: Flight,
): Promise<TokenSet | undefined> {
  const { finishing } = account;
  // What a finishing flight still saves is newer than what was read before.
  const looked = finishing === undefined ? flight.plan.looked : undefined;
  finishing?.stopSaving();
  await finishing?.done;
  // Look first without the lock: if somebody else has refreshed, the flight adopts that set and needs no lock.
  const since = context.clock.monotonic();
  const { step, stored } = await readAndDecide(context, account, flight, looked?.stored);
  flight.lookMs = looked?.tookMs ?? context.clock.monotonic() - since;
  if (account.facts.isSignOutLost) {
    const restoring = loadExchangeHalf(context).then((half) => half.restoreSignOut(context, account));
    await restoring.catch(() => {});
  }
  const hasLock = context.store.lock !== undefined;
  if (step.kind === 'fail' && !(hasLock && mayEndSoon(context, step.error, stored))) throw step.error;
  if (step.kind === 'adopt') return account.adopted(context, step.tokens);
  // Only a start ahead of time: what cannot be loaded is said by the exchange.
  if (step.kind !== 'save' && step.kind !== 'fail') quietly(() => context.provider.preload?.());
  const half = await loadExchangeHalf(context).catch((error: unknown) => {
    // What cannot be saved yet is served.
    if (step.kind === 'save' && account.tokens === undefined)
      account.taken(context, step.unsaved.tokens, 'store');
    throw error;
  });
  return half.exchangeUnderLease(context, account, flight);
}
