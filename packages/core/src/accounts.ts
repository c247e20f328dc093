import { Account } from './account.js';
import type { SessionContext } from './context.js';
import type { TokenStore } from './store.js';

const accounts = new WeakMap<TokenStore, Map<string, Account>>();

/** The account of this context's key on its store; freed when its last context leaves. */
export function joinAccount(context: SessionContext): Account {
  const { store, key } = context;
  let ofStore = accounts.get(store);
  if (ofStore === undefined) {
    ofStore = new Map();
    accounts.set(store, ofStore);
  }
  let account = ofStore.get(key);
  if (account === undefined) {
    account = new Account(store, key, context.clock.now());
    ofStore.set(key, account);
  }
  // Not by spreading, which leaves room for sixteen more.
  account.contexts = account.contexts.concat(context);
  return account;
}

export function leaveAccount(account: Account, context: SessionContext): void {
  account.contexts = account.contexts.filter((each) => each !== context);
  freeUnused(account);
}

/** Frees an account without sessions, but not under a flight: a session opened meanwhile must find and join it. */
export function freeUnused(account: Account): void {
  if (account.contexts.length > 0) return;
  account.rest();
  account.trailing?.stopSaving();
  // What could not be saved is kept for the next session.
  const keepsTokens = account.unsaved !== undefined && !account.unsaved.initial;
  if (account.flight !== undefined || account.trailing !== undefined || keepsTokens) return;
  const ofStore = accounts.get(account.store);
  if (ofStore?.get(account.key) === account) ofStore.delete(account.key);
}
