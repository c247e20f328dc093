import type { Account } from '../account.js';
import type { SessionContext } from '../context.js';
import { sleep } from '../deadline.js';
import { type Envelope, lineageOf, type Origin, type Stored } from '../envelope.js';
import type { Flight } from '../flight.js';
import { noteSuccess } from '../issuer-health.js';
import * as limits from '../limits.js';
import { replaces } from '../next-step.js';
import { randomId } from '../random-id.js';
import type { Unsaved } from '../rare-facts.js';
import { readStored } from '../records.js';
import type { TokenSet } from '../tokens.js';
import type { Outcome } from './outcome.js';
import { contention, replaceStored } from './replace-stored.js';
import { settledGuard } from './save-guard.js';
import { revoke } from './sign-out.js';

/**
 * Saves the set of an exchange in place of what was read before the exchange, and takes the set in hand. If the store
 * fails, the set is kept in memory, handed out, and saved later.
 *
 * @throws AuthError `signed_out` if a sign-out overtook the flight; `store_failed` from a sign-in, which is complete
 * only when its set is saved
 */
export async function commit(
  context: SessionContext,
  account: Account,
  flight: Flight,
  read: Stored,
  tokens: TokenSet,
  by: Unsaved['by'],
  liftedLatch?: string,
): Promise<TokenSet> {
  const isSignIn = flight.plan.kind === 'sign_in';
  const origin = originOf(context, read.envelope, by);
  const parentId = read.envelope.tokens?.id;
  const { isReplacement } = flight;
  const unsaved: Unsaved = { tokens, parentId, by, liftedLatch, origin, isReplacement };
  flight.hasExchanged = true;
  noteSuccess(context.clock, context.provider.issuer);
  const end = account.hasSignedOutSince(flight)
    ? 'signed_out'
    : await save(context, account, flight, read, unsaved);
  if (end === 'signed_out' || account.hasSignedOutSince(flight)) {
    await revoke(context, tokens);
    throw context.error('signed_out');
  }
  account.exchangeSucceeded();
  if (typeof end === 'object') return account.adopted(context, end);
  if (isSignIn) account.signedIn();
  account.saveDeferred(end === 'failed' ? unsaved : undefined);
  account.taken(context, tokens, 'exchange');
  if (end === 'failed' && isSignIn)
    throw context.error('store_failed', { detail: 'signed in, but not yet saved' });
  return tokens;
}

/** Saves a set that is not saved yet. @throws AuthError `store_failed`, before another token is spent */
export async function saveUnsaved(
  context: SessionContext,
  account: Account,
  flight: Flight,
  stored: Stored,
  unsaved: Unsaved,
): Promise<Outcome> {
  const { tokens, isInitial } = unsaved;
  // The write arrived, and only its answer was lost: since then others may have added to the record.
  const isThere = stored.envelope.tokens?.id === tokens.id;
  const end = isThere ? 'saved' : await save(context, account, flight, stored, unsaved);
  // A sign-out came meanwhile: it is in the store, or on its way there.
  if (account.facts.unsaved !== unsaved) {
    await revoke(context, tokens);
    return 'read_again';
  }
  if (end === 'failed') {
    if (account.tokens === undefined) account.taken(context, tokens, 'store');
    throw context.error('store_failed', { detail: 'the tokens in hand are not saved' });
  }
  account.saveDeferred(undefined);
  if (end === 'saved') {
    account.taken(context, tokens, 'store');
    if (!isInitial) context.emit({ type: 'store_recovered', tokenId: tokens.id });
  }
  return 'read_again';
}

/**
 * Keeps retrying the save, under the same lease while it lasts, until the set is saved or overtaken, or the next flight
 * takes over. Disposing the last session ends the pause: the save is tried without further pauses, then given up.
 */
export async function keepSaving(context: SessionContext, account: Account, flight: Flight): Promise<void> {
  let delayMs: number = limits.storeRetryMinMs;
  while (account.facts.unsaved !== undefined && account.flight === undefined) {
    const isLast = account.contexts.length === 0;
    if (!isLast) {
      const pause = sleep(context.clock, account.isClosing ? limits.closingSaveMs : delayMs, true);
      flight.stopSaving = pause.cancel;
      await pause.done;
      if (account.flight !== undefined) return;
    }
    delayMs = Math.min(delayMs * 2, limits.storeRetryMaxMs);
    await trySaving(context, account, flight);
    if (isLast) return;
  }
}

async function trySaving(context: SessionContext, account: Account, flight: Flight): Promise<void> {
  const stored = await readStored(context).catch(() => undefined);
  if (stored === undefined) return;
  account.signOutRead(stored.envelope.signedOutAt);
  const { unsaved } = account.facts;
  if (unsaved === undefined) return;
  if (!replaces(unsaved, stored)) account.saveDeferred(undefined);
  else await saveUnsaved(context, account, flight, stored, unsaved).catch(() => {});
}

type SaveEnd = 'saved' | 'failed' | 'signed_out' | TokenSet;

/** Writes the set to the store. Returns a set that somebody else has stored meanwhile, to be adopted. */
async function save(
  context: SessionContext,
  account: Account,
  flight: Flight,
  read: Stored,
  unsaved: Unsaved,
): Promise<SaveEnd> {
  const { tokens, liftedLatch, by, origin, isRestored = false, isInitial = false } = unsaved;
  const { plan } = flight;
  let base = read;
  // Without the lease, read before writing: some stores that have a lock do not compare atomically.
  let hasLooked = flight.isLeaseHeld;
  for (let round = 0; round < limits.flightRounds; round++) {
    try {
      const { guard } = base.envelope;
      const envelope: Envelope = {
        ...base.envelope,
        tokens,
        signedOutAt: undefined,
        ...account.facts.refusing.toRecord(context.clock, tokens.id),
        replacementId: unsaved.isReplacement === true ? tokens.id : undefined,
        lineage: origin?.lineage,
        generation: origin?.generation,
        restoredAt: isRestored ? context.clock.now() : undefined,
        // Nothing was exchanged for these, so nothing is known of the server.
        guard: isRestored || isInitial ? guard : settledGuard(guard, liftedLatch, by),
      };
      if (hasLooked && (await replaceStored(context, base, envelope)) !== undefined) {
        account.seen(context.clock, envelope);
        return 'saved';
      }
      base = await readStored(context);
    } catch {
      return 'failed';
    }
    hasLooked = true;
    const { tokens: standing, signedOutAt } = base.envelope;
    if (standing?.id === tokens.id) return 'saved';
    if (signedOutAt !== undefined && signedOutAt !== read.envelope.signedOutAt) {
      account.signOutRead(signedOutAt);
      return 'signed_out';
    }
    if (standing !== undefined && !replaces(unsaved, base) && plan.kind !== 'sign_in') return standing;
  }
  contention(context, 'the set could not be saved');
  return 'failed';
}

/** Where a new set comes from; undefined where the store does not tell when it loses its data. */
function originOf({ store }: SessionContext, envelope: Envelope, by: Unsaved['by']): Origin | undefined {
  if (store.dataId === undefined) return undefined;
  const lineage = lineageOf(envelope);
  if (by === 'login' || lineage === undefined) return { lineage: randomId(), generation: 0 };
  return { lineage, generation: (envelope.generation ?? 0) + 1 };
}
