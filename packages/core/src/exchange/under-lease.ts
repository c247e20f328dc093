import type { Account } from '../account.js';
import { coalesced } from '../coalesced.js';
import type { SessionContext } from '../context.js';
import type { Stored } from '../envelope.js';
import { isAuthError } from '../errors.js';
import type { Flight } from '../flight.js';
import * as limits from '../limits.js';
import type { MaybePromise } from '../maybe-promise.js';
import type { Step } from '../next-step.js';
import { mayEndSoon, readAndDecide } from '../read-and-decide.js';
import { readStored, releaseFlightLease } from '../records.js';
import type { TokenSet } from '../tokens.js';
import { saveUnsaved } from './commit.js';
import { returnLease, takeLease } from './lease-turn.js';
import { login } from './login.js';
import type { Outcome } from './outcome.js';
import { refresh } from './refresh.js';
import { contention } from './replace-stored.js';
import { Turn } from './turn.js';

/** The transaction of a flight that found nothing to adopt: wait for our turn, lock, read again, exchange, save. */
export async function exchangeUnderLease(
  context: SessionContext,
  account: Account,
  flight: Flight,
): Promise<TokenSet | undefined> {
  // A person waits for nobody, and what is only to be saved is no exchange.
  const waitsInLine =
    flight.plan.kind === 'refresh' && !flight.isUrgent && account.facts.unsaved === undefined;
  if (waitsInLine) flight.turn = new Turn(context);
  try {
    for (let lost = 0; lost < limits.leaseTurns; ) {
      const news = await waitForTurn(context, account, flight);
      if (news !== undefined) return account.adopted(context, news);
      const outcome = await readAndExchange(context, account, flight);
      if (outcome !== 'lock_again') return outcome;
      // A flight that let others write has released it.
      if (flight.lease === undefined) continue;
      lost++;
      context.emit({ type: 'lease_lost' });
      await releaseFlightLease(flight);
    }
  } finally {
    flight.turn?.end();
  }
  throw context.error('lock_timeout', { detail: 'the lease was lost too often' });
}

/** Waits for our turn and the lease. Returns a usable set instead, if the lease's holder saves one meanwhile. */
async function waitForTurn(
  context: SessionContext,
  account: Account,
  flight: Flight,
): Promise<TokenSet | undefined> {
  const stop = new AbortController();
  const { promise: news, resolve, reject } = Promise.withResolvers<TokenSet>();
  flight.onStoreChange = coalesced(() =>
    readAndDecide(context, account, flight).then(
      ({ step, stored }) => {
        if (flight.lease !== undefined || stop.signal.aborted) return;
        if (step.kind === 'adopt') resolve(step.tokens);
        // The holder's exchange has failed: ours would wait for the same pause.
        if (step.kind === 'fail' && !mayEndSoon(context, step.error, stored)) reject(step.error);
      },
      () => {},
    ),
  );
  const leasing = (async () => {
    await flight.turn?.begin(stop.signal);
    return takeLease(context, stop, flight);
  })();
  const stopWaiting = (): Promise<void> => {
    stop.abort();
    return returnLease(context, leasing);
  };
  try {
    const first = await Promise.race([leasing.then((lease) => ({ lease })), news]);
    if ('lease' in first) {
      flight.lease = first.lease;
      return undefined;
    }
    await stopWaiting();
    return first;
  } catch (error) {
    if (!isAuthError(error) || error.code !== 'lock_timeout') {
      await stopWaiting();
      throw error;
    }
    // The lock's holder may have saved a usable set while we waited.
    const { step } = await readAndDecide(context, account, flight);
    if (step.kind === 'adopt') return step.tokens;
    throw step.kind === 'fail' ? step.error : error;
  } finally {
    flight.onStoreChange = coalesced(() => heedSignOut(context, account, flight));
  }
}

/** What others write during an exchange counts once the flight has ended, but a sign-out counts at once. */
async function heedSignOut(context: SessionContext, account: Account, flight: Flight): Promise<void> {
  const inHand = account.tokens;
  const stored = await readStored(context, flight.stored).catch(() => undefined);
  const isUnderWay = account.flight === flight && account.tokens === inHand;
  if (stored?.envelope.signedOutAt === undefined || !isUnderWay) return;
  account.seen(context.clock, stored.envelope);
  account.signOutRead(stored.envelope.signedOutAt);
  // Whether it came before a sign-in shows when the sign-in reads or saves.
  if (flight.plan.kind !== 'refresh') flight.signOutsSeen = account.facts.signOuts;
}

async function readAndExchange(
  context: SessionContext,
  account: Account,
  flight: Flight,
): Promise<TokenSet | undefined | 'lock_again'> {
  for (let round = 0; round < limits.flightRounds; round++) {
    const { stored, step } = await readAndDecide(context, account, flight);
    const outcome = await carryOut(context, account, flight, stored, step);
    if (outcome !== 'read_again') return outcome;
  }
  throw contention(context, 'the record changes too fast');
}

function carryOut(
  context: SessionContext,
  account: Account,
  flight: Flight,
  stored: Stored,
  step: Step,
): MaybePromise<Outcome> {
  switch (step.kind) {
    case 'fail':
      throw step.error;
    case 'adopt':
      return account.adopted(context, step.tokens);
    case 'save':
      return saveUnsaved(context, account, flight, stored, step.unsaved);
    case 'refresh':
      return refresh(context, account, flight, stored, step.tokens);
    case 'login':
      return login(context, account, flight, stored);
  }
}
