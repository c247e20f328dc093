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
  const lock: Lock = { leaseMs, clock, owner: options.owner };
  const sightings = new Map<string, Sighting>();
  const subscribe = store.subscribe?.bind(store);
  const dataId = store.dataId?.bind(store);
  return {
    get: (key) => store.get(recordKey(key)),
    compareAndSet: (key, expectedId, next) => store.compareAndSet(recordKey(key), expectedId, next),
    lock: (key, { signal }) => {
      const lockKey = `${recordKey(key)}${lockSuffix}`;
      return waitForLease(lockRecord(store, lockKey, lock, sightings), signal);
    },
    ...(subscribe && { subscribe: (key, listener) => subscribe(recordKey(key), listener) }),
    ...(dataId && { dataId }),
  };
}

/** Where an account's record is kept: never where another account's lock is. */
function recordKey(key: string): string {
  return /\.lock\.*$/.test(key) ? `${key}.` : key;
}

/** The options of a store's locks, complete. */
interface Lock extends Pick<LeaseSteps, 'leaseMs' | 'clock'> {
  readonly owner: LeaseOwner | undefined;
}

/** Somebody else's lock record, and since when it is unchanged, on the monotonic clock. */
interface Sighting {
  readonly id: string;
  readonly at: number;
}

/**
 * A lock record as one waiter, and later holder, sees it.
 *
 * @param sightings what the waiters of this store see, by key: a waiter that gives up leaves its sighting to the next
 */
function lockRecord(
  store: TokenStore,
  key: string,
  { leaseMs, clock, owner }: Lock,
  sightings: Map<string, Sighting>,
): LeaseSteps {
  /** Id of the record that we wrote last. */
  let ownId: string | undefined;
  /** Id of a renewal whose answer was lost: the store may hold it. */
  let doubtfulId: string | undefined;
  const record = (value: string): TokenRecord => ({
    id: randomId(),
    value,
    evictAt: clock.now() + evictAfterMs,
  });
  const heldRecord = (): TokenRecord => record(owner === undefined ? held : `${held} ${owner.name}`);
  const replace = async (expectedId: string | undefined, next: TokenRecord): Promise<boolean> => {
    const isReplaced = await store.compareAndSet(key, expectedId, next);
    if (isReplaced) ownId = next.id;
    return isReplaced;
  };
  const resolveDoubt = async (): Promise<void> => {
    if (doubtfulId === undefined) return;
    if ((await store.get(key))?.id === doubtfulId) ownId = doubtfulId;
    doubtfulId = undefined;
  };
  const hasLapsed = ({ id }: TokenRecord): boolean => {
    const now = clock.monotonic();
    const sighting = sightings.get(key);
    if (sighting?.id === id) return now - sighting.at >= leaseMs;
    sightings.set(key, { id, at: now });
    return false;
  };
  const isTakeable = async (standing: TokenRecord | null | undefined): Promise<boolean> => {
    if (standing === undefined || standing === null || standing.value === free || hasLapsed(standing)) {
      sightings.delete(key);
      return true;
    }
    const holder = standing.value.slice(held.length + 1);
    return holder !== '' && (await owner?.isGone(holder)) === true;
  };
  return {
    leaseMs,
    clock,
    async take() {
      const standing = await store.get(key);
      return (await isTakeable(standing)) && replace(standing?.id, heldRecord());
    },
    async renew() {
      await resolveDoubt();
      const next = heldRecord();
      doubtfulId = next.id;
      const isRenewed = await replace(ownId, next);
      doubtfulId = undefined;
      return isRenewed;
    },
    async release() {
      await resolveDoubt();
      await replace(ownId, record(free));
    },
  };
}
