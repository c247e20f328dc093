import type { Account } from './account.js';
import { accountsOn } from './accounts.js';
import { unref } from './clock.js';
import type { SessionContext } from './context.js';
import { settledWithin } from './deadline.js';
import { isNewer, type Stored } from './envelope.js';
import { getOrAdd } from './get-or-add.js';
import * as limits from './limits.js';
import { callStore } from './records.js';
import type { TokenStore } from './store.js';

/** Writes back what a store has lost of an account. */
type Restore = (account: Account) => Promise<unknown>;

/** What a process knows of the data of a store. */
interface StoreData {
  /** Its name, when it was last asked for; `null`: it has none. */
  known?: string | null | undefined;
  /** The question that is under way. */
  asking?: Promise<void> | undefined;
  restore?: Restore | undefined;
}

const ofStores = new WeakMap<TokenStore, StoreData>();

/** Learns the name of a store's data before anything can be lost, and how to write back. */
export function learnDataId(context: SessionContext, restore?: Restore): void {
  if (context.store.dataId === undefined) return;
  const data = dataOf(context.store);
  data.restore ??= restore;
  if (data.known === undefined) ask(context, data).catch(() => {});
}

/**
 * Notices by what was read that the store has lost data: the record is gone that this process knows, and the store says so;
 * or somebody has written an older set of the same login back. Undefined where nothing is to be waited for.
 *
 * @throws AuthError `store_failed` where the store does not say whether it has lost the record
 */
export function noticeLoss(
  context: SessionContext,
  account: Account,
  stored: Stored,
): Promise<void> | undefined {
  const { tokens, facts } = account;
  if (facts.unsaved !== undefined || facts.isSignOutLost) return undefined;
  if (tokens !== undefined && isNewer(account.originOf(tokens), stored.envelope)) account.dataLost();
  const isGone = stored.recordId === undefined && (tokens !== undefined || account.isSignedOut);
  return isGone && context.store.dataId !== undefined ? ask(context, dataOf(context.store)) : undefined;
}

/** Asks after a time in which nobody was told of anything, until the store answers. */
export function askAfterGap(context: SessionContext, retryMs: number = limits.storeRetryMinMs): void {
  const { store, clock } = context;
  if (store.dataId === undefined) return;
  const data = dataOf(store);
  // All accounts of the store are told of one gap.
  if (data.asking !== undefined) return;
  ask(context, data).catch(() => {
    if (!context.mayOutliveCalls || accountsOn(store).length === 0) return;
    const nextMs = Math.min(retryMs * 2, limits.storeRetryMaxMs);
    unref(clock.setTimeout(() => askAfterGap(context, nextMs), retryMs));
  });
}

/**
 * Asks a store for the name of its data; callers share one question. Another name than last time means that everything was
 * lost: every account is told before this resolves, and then what they hold is written back.
 */
function ask(context: SessionContext, data: StoreData): Promise<void> {
  data.asking ??= askOnce(context, data).finally(() => {
    data.asking = undefined;
  });
  return data.asking;
}

async function askOnce(context: SessionContext, data: StoreData): Promise<void> {
  const { store } = context;
  const answer = await callStore(context, 'dataId', () => store.dataId?.());
  const name = typeof answer === 'string' && answer !== '' ? answer : null;
  const before = data.known ?? null;
  data.known = name;
  if (before === null || name === null || name === before) return;
  context.emit({ type: 'data_lost' });
  for (const account of accountsOn(store)) account.dataLost();
  if (data.restore !== undefined) void restoreAll(context, data.restore);
}

function dataOf(store: TokenStore): StoreData {
  return getOrAdd(ofStores, store, () => ({}) as StoreData);
}

/** Calls `restore` for all accounts that hold what the store has lost, some at a time. No other waits for one for long. */
async function restoreAll({ store, clock }: SessionContext, restore: Restore): Promise<void> {
  const waiting = accountsOn(store).filter(({ isToRestore }) => isToRestore);
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      await settledWithin(clock, limits.restoreTurnMs, restore(next));
  };
  await Promise.all(Array.from({ length: limits.readsInDoubt }, work));
}
