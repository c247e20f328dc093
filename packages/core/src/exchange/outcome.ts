import type { Account } from '../account.js';
import type { Flight } from '../flight.js';
import type { TokenSet } from '../tokens.js';

/** How a step ends: with a set, with a password verified (undefined), or by sending the flight back. */
export type Outcome = TokenSet | undefined | 'read_again' | 'lock_again';

/** Whether the lease is held at this moment. A store without a lock excludes nobody. */
export function isLeaseHeld({ lease }: Flight): boolean {
  return lease === undefined || lease.held();
}

/** Whether somebody signed out while the flight was under way: what it brings is not wanted any more. */
export function isOvertakenBySignOut(account: Account, flight: Flight): boolean {
  return account.facts.signOuts !== flight.signOutsSeen;
}
