import type { MaybePromise } from './maybe-promise.js';

/** What a store holds under one key: one opaque string and what it needs to compare and to forget it. */
export interface TokenRecord {
  /** Fresh and random at every write. */
  readonly id: string;
  /** Holds secrets. */
  readonly value: string;
  /** The store may forget the record after this instant, epoch milliseconds. Kept and returned as given. */
  readonly evictAt?: number;
}

/**
 * Where token sets are kept. A store holds strings and knows nothing of tokens; it never deletes for the session.
 * Throw what you like from it: the session reports `store_failed` without quoting the error.
 */
export interface TokenStore {
  /** What stands under this key; undefined: nothing. */
  get(key: string): MaybePromise<TokenRecord | undefined>;
  /**
   * Replaces the record whose id is `expectedId` by `next`; `undefined` means that there must be no record. Returns
   * false, and changes nothing, if another record is stored. When called again with the same `next` after an error, it
   * may return either value: the session reads the record to find out.
   */
  compareAndSet(key: string, expectedId: string | undefined, next: TokenRecord): MaybePromise<boolean>;
  /**
   * Excludes everyone who shares the store, other machines too. Rejects when `signal` aborts. Without a `lock`,
   * exchanges are single-flight within one process only.
   */
  lock?(key: string, options: { readonly signal: AbortSignal }): Promise<Lease>;
  /**
   * Calls `listener` after somebody else changed the record. With `'missed'` after a time in which changes may have gone
   * unnoticed: the session then reads the record before it next uses it, while a call without makes it read at once.
   * Returns the function that unsubscribes.
   */
  subscribe?(key: string, listener: (news?: 'missed') => void): () => void;
  /**
   * A random name that the store's data got when it was empty. Another name than last time means that everything was lost
   * since: whoever still holds tokens then writes them back. Absent, or undefined: a record that is gone stays gone.
   */
  dataId?(): MaybePromise<string | undefined>;
}

/** The right to exchange tokens for one key, for a time. */
export interface Lease {
  /** Aborts when the lease is known to be lost. It never aborts a request already sent. */
  readonly lost: AbortSignal;
  /**
   * Whether the lease still lasts, by the holder's own clock since the last confirmed renewal. The session asks
   * directly before each send and save.
   */
  held(): boolean;
  /** Gives the lease back, and never takes away a successor's lease. */
  release(): MaybePromise<void>;
}
