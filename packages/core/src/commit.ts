import type { Unsaved } from './account.js';
import { sleep } from './deadline.js';
import { replaces } from './decide.js';
import type { Stored } from './envelope.js';
import { AuthError } from './errors.js';
import type { Flight, Outcome } from './flight.js';
import { settledGuard } from './guard.js';
import { limits } from './limits.js';
import { readStored, replaceStored } from './records.js';
import { noteSignOut, revoke, signedOutError } from './sign-out.js';
import type { TokenSet } from './tokens.js';

/**
 * Saves what an exchange brought in place of what was read before it, and takes it in hand. What the server has just
 * issued is not lost to a store that fails: it is kept, served, and saved later.
 *
 * @throws AuthError `signed_out` for a sign-out under way; `store_failed` from a person's login, which is not done
 * before it is saved
 */
export async function commit(
  flight: Flight,
  read: Stored,
  tokens: TokenSet,
  lifted?: string,
): Promise<TokenSet> {
  const { context, account, plan } = flight;
  const unsaved: Unsaved = { tokens, parentId: read.envelope.tokens?.id, lifted, initial: false };
  flight.hasExchanged = true;
  const end = flight.overtakenBySignOut ? 'signed_out' : await save(flight, read, unsaved);
  if (end === 'signed_out' || flight.overtakenBySignOut) {
    await revoke(context, tokens);
    throw signedOutError(context);
  }
  account.endPause();
  if (typeof end === 'object') return account.adopt(context, end);
  if (plan.kind === 'sign_in') account.signedOut = false;
  account.unsaved = end === 'failed' ? unsaved : undefined;
  account.take(context, tokens, 'exchange');
  if (end === 'failed' && plan.kind === 'sign_in') {
    throw new AuthError('store_failed', {
      provider: context.provider.name,
      detail: 'signed in, but not yet saved',
    });
  }
  return tokens;
}

/** Saves a set kept since its save failed. @throws AuthError `store_failed`, before another token is spent */
export async function saveUnsaved(flight: Flight, stored: Stored, unsaved: Unsaved): Promise<Outcome> {
  const { context, account } = flight;
  const end = await save(flight, stored, unsaved);
  // Signed out meanwhile, which the store is told or about to be.
  if (account.unsaved !== unsaved) {
    await revoke(context, unsaved.tokens);
    return 'read_again';
  }
  if (end === 'failed') {
    if (account.tokens === undefined) account.take(context, unsaved.tokens, 'store');
    throw new AuthError('store_failed', {
      provider: context.provider.name,
      detail: 'the tokens in hand are not saved',
    });
  }
  account.unsaved = undefined;
  if (end === 'saved') {
    account.take(context, unsaved.tokens, 'store');
    if (!unsaved.initial) context.emit({ type: 'store_recovered', tokenId: unsaved.tokens.id });
  }
  return 'read_again';
}

/**
 * Tries on, under the same lease as long as it lasts, until the set is saved or overtaken, or the next flight takes
 * over. The last session to leave causes a last try.
 */
export async function keepSaving(flight: Flight): Promise<void> {
  const { context, account } = flight;
  if (!context.mayOutliveCalls) return;
  let delayMs: number = limits.storeRetryMinMs;
  while (account.unsaved !== undefined && account.flight === undefined) {
    const isLast = account.contexts.length === 0;
    if (!isLast) {
      const pause = sleep(context.clock, delayMs, true);
      flight.stopSaving = pause.cancel;
      await pause.done;
      if (account.flight !== undefined) return;
    }
    delayMs = Math.min(delayMs * 2, limits.storeRetryMaxMs);
    await trySaving(flight);
    if (isLast) return;
  }
}

async function trySaving(flight: Flight): Promise<void> {
  const { context, account } = flight;
  const stored = await readStored(context).catch(() => undefined);
  if (stored === undefined) return;
  noteSignOut(account, stored);
  const { unsaved } = account;
  if (unsaved === undefined) return;
  if (replaces(unsaved, stored)) await saveUnsaved(flight, stored, unsaved).catch(() => {});
  else account.unsaved = undefined;
}

type SaveEnd = 'saved' | 'failed' | 'signed_out' | TokenSet;

/** Step 7 of the transaction. A set that somebody else has put there comes back, to be adopted. */
async function save(flight: Flight, read: Stored, unsaved: Unsaved): Promise<SaveEnd> {
  const { context, plan, lease } = flight;
  const { tokens, parentId, lifted } = unsaved;
  let base = read;
  // Who lost the lease looks before writing: not every store that has a lock compares atomically.
  let looked = lease.held();
  for (let round = 0; round < limits.flightRounds; round++) {
    try {
      const envelope = { tokens, guard: settledGuard(base.envelope.guard, lifted) };
      if (looked && (await replaceStored(context, base, envelope)) !== undefined) return 'saved';
      base = await readStored(context);
    } catch {
      return 'failed';
    }
    looked = true;
    const { tokens: standing, signedOutAt } = base.envelope;
    if (standing?.id === tokens.id) return 'saved';
    if (signedOutAt !== undefined && signedOutAt !== read.envelope.signedOutAt) {
      noteSignOut(flight.account, base);
      return 'signed_out';
    }
    if (standing !== undefined && standing.id !== parentId && plan.kind !== 'sign_in') return standing;
  }
  context.emit({ type: 'store_failed', operation: 'compareAndSet', reason: 'contention' });
  return 'failed';
}
