import { type Clock, systemClock } from '../clock.js';
import { AuthError } from '../errors.js';
import * as limits from '../limits.js';
import type { MaybePromise } from '../maybe-promise.js';
import { randomId } from '../random-id.js';
import type { TokenRecord, TokenStore } from '../store.js';
import { type LeaseSteps, waitForLease } from './lease.js';

/** Options of {@link leasedStore}. */
export interface LeasedStoreOptions {
  /** How long a lease outlives its last renewal, and so how long a dead holder blocks others. Default 15 s. */
  readonly leaseMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Lets a waiter take over at once from a holder that is known to be dead. */
  readonly owner?: LeaseOwner | undefined;
}

/** Who holds a lease, where others can find out whether that process still exists. */
export interface LeaseOwner {
  /** Written into the lock record. */
  readonly name: string;
  /** Whether the holder of that name can never go on. Return false if in doubt: the holder's lease ends by itself. */
  isGone(name: string): MaybePromise<boolean>;
}

/** The store may forget lock records of unused accounts after a day. */
const evictAfterMs = 24 * 3_600_000;
const lockSuffix = '.lock';
const free = 'free';
const held = 'held';

/**
 * Gives any store whose `compareAndSet` is ATOMIC across its users a lease: a record under `key + '.lock'`, renewed
 * while held, reclaimed once a waiter's own monotonic clock has seen it unchanged for `leaseMs`. Clocks of different
 * machines are never compared. Over a store whose compare is not atomic two holders are possible.
 *
 * @throws AuthError `invalid_options` for a `leaseMs` below one second
 */
export function leasedStore(store: TokenStore, options: LeasedStoreOptions = {}): TokenStore {
  const leaseMs = options.leaseMs ?? 15_000;
  const clock = options.clock ?? systemClock;
  if (!(leaseMs >= 1_000 && leaseMs <= limits.timerMaxMs)) {
    throw new AuthError('invalid_options', { detail: 'leaseMs: expected 1000 to 2147483647' });
  }
  const sightings = new Map<string, Sighting>();
  const subscribe = store.subscribe?.bind(store);
  const dataId = store.dataId?.bind(store);
  return {
    get: (key) => store.get(recordKey(key)),
    compareAndSet: (key, expectedId, next) => store.compareAndSet(recordKey(key), expectedId, next),
    lock: (key, { signal }) => {
      const lockKey = `${recordKey(key)}${lockSuffix}`;
      return waitForLease(new LockRecord(store, lockKey, leaseMs, clock, options.owner, sightings), signal);
    },
    ...(subscribe && { subscribe: (key, listener) => subscribe(recordKey(key), listener) }),
    ...(dataId && { dataId }),
  };
}

/** Where an account's record is kept: never where another account's lock is. */
function recordKey(key: string): string {
  return /\.lock\.*$/.test(key) ? `${key}.` : key;
}

/** Somebody else's lock record, and since when it is unchanged, on the monotonic clock. */
interface Sighting {
  readonly id: string;
  readonly at: number;
}

/** A lock record as one waiter, and later holder, sees it. */
class LockRecord implements LeaseSteps {
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly #store: TokenStore;
  readonly #key: string;
  readonly #owner: LeaseOwner | undefined;
  /** What the waiters of this store see, by key: a waiter that gives up leaves its sighting to the next waiter. */
  readonly #sightings: Map<string, Sighting>;
  /** Id of the record that we wrote last. */
  #ownId: string | undefined;
  /** Id of a renewal whose answer was lost: the store may hold it. */
  #doubtfulId: string | undefined;

  constructor(
    store: TokenStore,
    key: string,
    leaseMs: number,
    clock: Clock,
    owner: LeaseOwner | undefined,
    sightings: Map<string, Sighting>,
  ) {
    this.#sightings = sightings;
    this.#store = store;
    this.#key = key;
    this.leaseMs = leaseMs;
    this.clock = clock;
    this.#owner = owner;
  }

  async take(): Promise<boolean> {
    const standing = await this.#store.get(this.#key);
    return (await this.#isTakeable(standing)) && this.#replace(standing?.id, this.#heldRecord());
  }

  async renew(): Promise<boolean> {
    await this.#resolveDoubt();
    const next = this.#heldRecord();
    this.#doubtfulId = next.id;
    const isRenewed = await this.#replace(this.#ownId, next);
    this.#doubtfulId = undefined;
    return isRenewed;
  }

  async giveBack(): Promise<void> {
    await this.#resolveDoubt();
    await this.#replace(this.#ownId, this.#record(free));
  }

  async #isTakeable(standing: TokenRecord | null | undefined): Promise<boolean> {
    if (standing === undefined || standing === null || standing.value === free || this.#hasLapsed(standing)) {
      this.#sightings.delete(this.#key);
      return true;
    }
    const holder = standing.value.slice(held.length + 1);
    return holder !== '' && (await this.#owner?.isGone(holder)) === true;
  }

  #hasLapsed({ id }: TokenRecord): boolean {
    const now = this.clock.monotonic();
    const sighting = this.#sightings.get(this.#key);
    if (sighting?.id === id) return now - sighting.at >= this.leaseMs;
    this.#sightings.set(this.#key, { id, at: now });
    return false;
  }

  async #replace(expectedId: string | undefined, next: TokenRecord): Promise<boolean> {
    const isReplaced = await this.#store.compareAndSet(this.#key, expectedId, next);
    if (isReplaced) this.#ownId = next.id;
    return isReplaced;
  }

  async #resolveDoubt(): Promise<void> {
    if (this.#doubtfulId === undefined) return;
    if ((await this.#store.get(this.#key))?.id === this.#doubtfulId) this.#ownId = this.#doubtfulId;
    this.#doubtfulId = undefined;
  }

  #heldRecord(): TokenRecord {
    return this.#record(this.#owner === undefined ? held : `${held} ${this.#owner.name}`);
  }

  #record(value: string): TokenRecord {
    return { id: randomId(), value, evictAt: this.clock.now() + evictAfterMs };
  }
}
