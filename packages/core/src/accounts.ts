import { Account } from './account.js';
import type { SessionContext } from './context.js';
import type { TokenStore } from './store.js';

const accounts = new WeakMap<TokenStore, Map<string, Account>>();

/** Joins the context to the account of its key on its store. `freeIfUnused` frees an account without contexts. */
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
  account.joined(context);
  return account;
}

export function leaveAccount(account: Account, context: SessionContext): void {
  account.left(context);
  freeIfUnused(account);
}

/** Frees an account without sessions. During a flight the account stays: a session opened then joins the flight. */
export function freeIfUnused(account: Account): void {
  if (account.contexts.length > 0) return;
  account.abandoned();
  const { trailing, unsaved } = account.facts;
  trailing?.stopSaving();
  // A set that could not be saved is kept for the next session.
  const keepsTokens = unsaved !== undefined && !unsaved.isInitial;
  if (account.flight !== undefined || trailing !== undefined || keepsTokens) return;
  const ofStore = accounts.get(account.store);
  if (ofStore?.get(account.key) === account) ofStore.delete(account.key);
}
