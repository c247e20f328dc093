import type { Account } from './account.js';

/** Calls that wait for something, by account. Most accounts have none. */
const pending = new WeakMap<Account, Set<Promise<unknown>>>();

/** Counts a call as pending until it settles. `whenIdle` is called when no call of the account is pending any more. */
export function trackCall<Result>(
  account: Account,
  call: Promise<Result>,
  whenIdle: (account: Account) => void,
): Promise<Result> {
  const calls = pending.get(account) ?? new Set();
  pending.set(account, calls.add(call));
  const end = (): void => {
    calls.delete(call);
    if (calls.size > 0) return;
    pending.delete(account);
    whenIdle(account);
  };
  call.then(end, end);
  return call;
}

export function hasPendingCalls(account: Account): boolean {
  return pending.has(account);
}

/** Resolves when the calls that are pending now have settled; undefined if there are none. */
export function pendingCallsSettled(account: Account): Promise<unknown> | undefined {
  const calls = pending.get(account);
  return calls && Promise.allSettled(calls);
}
