import { type Clock, systemClock } from '@auth/core';
import type { RefreshQueue } from './queue.js';
import { checkRef } from './refs.js';

/** Enrols and ends accounts, from the programs where people sign in and accounts are deleted. */
export interface Enroller {
  /** After a sign-in: the account is run soon, and kept fresh from then on. */
  add(ref: string): Promise<void>;
  /** When an account is deleted. */
  remove(ref: string): Promise<void>;
  /** Closes the queue. */
  close(): Promise<void>;
}

/** An enroller on the queue that the keepers work on. */
export function createEnroller(options: {
  /** Where the jobs are put. */
  readonly queue: RefreshQueue;
  /** For tests. Default: the platform's. */
  readonly clock?: Clock | undefined;
}): Enroller {
  const { queue, clock = systemClock } = options;
  return {
    async add(ref) {
      checkRef(ref);
      await queue.put([{ v: 1, ref, at: clock.now() }]);
    },
    async remove(ref) {
      checkRef(ref);
      await queue.remove([ref]);
    },
    close: () => queue.close(),
  };
}
