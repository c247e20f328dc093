import type { Account } from '../account.js';
import type { Flight } from '../flight.js';
import type { TokenSet } from '../tokens.js';

/** How a step ends: with a set, with a verified password (undefined), or with an order to read or lock again. */
export type Outcome = TokenSet | undefined | 'read_again' | 'lock_again';

/** Whether the lease is held at this moment. True for a store without a lock, which excludes nobody. */
export function isLeaseHeld({ lease }: Flight): boolean {
  return lease === undefined || lease.held();
}

/** Whether somebody signed out while the flight was under way: the flight's result is dropped. */
export function isOvertakenBySignOut(account: Account, flight: Flight): boolean {
  return account.signOuts !== flight.signOutsSeen;
}
