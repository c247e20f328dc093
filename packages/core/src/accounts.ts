import { Account } from './account.js';
import type { SessionContext } from './context.js';
import { getOrAdd } from './get-or-add.js';
import type { TokenStore } from './store.js';
import { SingleRecord } from './stores/single-record.js';

const accounts = new WeakMap<TokenStore, Map<string, Account>>();

/**
 * Joins the context to the account of its key on its store.
 *
 * @param left the account that this session has left: a call that began before may still need an exchange
 */
export function joinAccount(context: SessionContext, left?: Account): Account {
  const { store, key, clock } = context;
  const ofStore = accountsOf(store);
  const account = ofStore?.get(key) ?? left ?? new Account(store, key, clock.now());
  ofStore?.set(key, account);
  account.joined(context);
  return account;
}

/** The accounts on a store by key; undefined for a store that only one session has. */
function accountsOf(store: TokenStore): Map<string, Account> | undefined {
  if (store instanceof SingleRecord) return undefined;
  return getOrAdd(accounts, store, () => new Map());
}

/** The accounts that this process has on a store. */
export function accountsOn(store: TokenStore): Account[] {
  return [...(accounts.get(store)?.values() ?? [])];
}

/** Calls that wait for something, by account. Most accounts have none. */
const pending = new WeakMap<Account, Set<Promise<unknown>>>();

/** A call of a session that waits for an exchange or the store: until it ends its account is not freed. */
export function callOn<Result>(account: Account, call: Promise<Result>): Promise<Result> {
  const calls = getOrAdd(pending, account, () => new Set()).add(call);
  const end = (): void => {
    calls.delete(call);
    if (calls.size > 0) return;
    pending.delete(account);
    freeIfUnused(account);
  };
  call.then(end, end);
  return call;
}

/** Resolves when the calls that are pending now have settled; undefined if there are none. */
export function pendingCallsSettled(account: Account): Promise<unknown> | undefined {
  const calls = pending.get(account);
  return calls && Promise.allSettled(calls);
}

export function leaveAccount(account: Account, context: SessionContext): void {
  account.left(context);
  freeIfUnused(account);
}

/**
 * Frees an account without sessions. During a flight, and while a call waits, the account stays: a session opened then
 * joins the flight.
 */
export function freeIfUnused(account: Account): void {
  if (account.contexts.length > 0) return;
  account.unschedule();
  const { flight, finishing, holdsUnsaved } = account;
  finishing?.stopSaving();
  // A session that joins now finds the account as it is, and hears of what others write.
  if (flight !== undefined || finishing !== undefined || pending.has(account)) return;
  account.abandoned();
  // A set that could not be saved is kept for the next session.
  if (holdsUnsaved) return;
  const ofStore = accounts.get(account.store);
  if (ofStore?.get(account.key) === account) ofStore.delete(account.key);
}
