import type { Account } from './account.js';
import { accountsOn } from './accounts.js';
import type { SessionContext } from './context.js';
import type { Stored } from './envelope.js';
import * as limits from './limits.js';
import { callStore } from './records.js';
import type { TokenStore } from './store.js';

/** What a process knows of the data of a store. */
interface StoreData {
  /** Its name, when it was last asked for. */
  known?: string | undefined;
  /** The question that is under way. */
  asking?: Promise<boolean> | undefined;
  /** Everything is written back if the answer is yes. */
  isWatched?: boolean;
}

const ofStores = new WeakMap<TokenStore, StoreData>();

/** Learns the name of a store's data before anything can be lost. */
export function learnDataId(context: SessionContext): void {
  if (context.store.dataId !== undefined && !ofStores.has(context.store)) void askForLoss(context);
}

/**
 * Notices by what was read that the store has lost data: the record is gone whose tokens are in hand, and the store says so;
 * or somebody has written an older set of the same login back. Undefined where nothing is to be waited for. Never rejects.
 */
export function noticeLoss(
  context: SessionContext,
  account: Account,
  stored: Stored,
): Promise<unknown> | undefined {
  const { tokens, facts } = account;
  if (tokens === undefined || facts.unsaved !== undefined) return undefined;
  if (account.isNewerThan(stored.envelope)) account.dataLost();
  const isGone = stored.recordId === undefined && context.store.dataId !== undefined;
  return isGone ? askForLoss(context) : undefined;
}

/** Asks after a time in which nobody was told of anything. After a loss all that is held is written back. Never rejects. */
export async function restoreIfLost(
  context: SessionContext,
  restore: (account: Account) => Promise<unknown>,
): Promise<void> {
  if (context.store.dataId === undefined) return;
  const data = dataOf(context.store);
  if (data.isWatched === true) return;
  data.isWatched = true;
  const isLost = await askForLoss(context);
  data.isWatched = false;
  if (isLost) await restoreAll(context, restore);
}

/**
 * Whether the store has lost everything since it was last asked; its first answer only tells a name. Callers share one
 * question. After a loss every account that holds something good is told, before this resolves. Never rejects.
 */
async function askForLoss(context: SessionContext): Promise<boolean> {
  const data = dataOf(context.store);
  data.asking ??= ask(context, data).finally(() => {
    data.asking = undefined;
  });
  return data.asking;
}

function dataOf(store: TokenStore): StoreData {
  const data = ofStores.get(store) ?? {};
  ofStores.set(store, data);
  return data;
}

async function ask(context: SessionContext, data: StoreData): Promise<boolean> {
  const { store } = context;
  const name = await callStore(context, 'dataId', () => store.dataId?.()).catch(() => undefined);
  if (typeof name !== 'string') return false;
  const isLost = data.known !== undefined && data.known !== name;
  data.known = name;
  if (!isLost) return false;
  context.emit({ type: 'data_lost' });
  for (const account of accountsOn(store)) account.dataLost();
  return true;
}

/** Calls `restore` for all accounts that hold what the store has lost, some at a time. No other waits for one for long. */
async function restoreAll(
  { store, clock }: SessionContext,
  restore: (account: Account) => Promise<unknown>,
): Promise<void> {
  const waiting = accountsOn(store).filter(
    ({ facts }) => facts.isSignedOut || facts.unsaved?.isRestored === true,
  );
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = clock.setTimeout(resolve, limits.restoreTurnMs);
      await Promise.race([restore(next).catch(() => {}), late]);
      clock.clearTimeout(timer);
    }
  };
  await Promise.all(Array.from({ length: limits.readsInDoubt }, work));
}
