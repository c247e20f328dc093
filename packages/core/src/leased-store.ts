import { type Clock, systemClock, unref } from './clock.js';
import { AuthError } from './errors.js';
import { limits } from './limits.js';
import { randomId } from './random-id.js';
import type { Lease, TokenRecord, TokenStore } from './store.js';

/** Options of {@link leasedStore}. */
export interface LeasedStoreOptions {
  /** How long a lease outlives its last renewal, and so how long a dead holder blocks others. Default 15 s. */
  readonly leaseMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** A waiter looks at the lock record this often: soon after a release, and not so often that it loads the store. */
const pollMs = 50;
/** Renewals per lease, so that two may fail before it ends. */
const renewals = 3;
/** Lock records of accounts nobody uses any more may go after a day. */
const evictAfterMs = 24 * 3_600_000;
const free = 'free';

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
  return {
    get: (key) => store.get(key),
    compareAndSet: (key, expectedId, next) => store.compareAndSet(key, expectedId, next),
    lock: (key, { signal }) => acquire(store, `${key}.lock`, leaseMs, clock, signal),
    ...(store.subscribe === undefined ? {} : { subscribe: store.subscribe.bind(store) }),
  };
}

async function acquire(
  store: TokenStore,
  key: string,
  leaseMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Lease> {
  let seenId: string | undefined;
  let seenAt = 0;
  for (;;) {
    signal.throwIfAborted();
    const standing = await store.get(key);
    if (standing?.id !== seenId) {
      seenId = standing?.id;
      seenAt = clock.monotonic();
    }
    const takeable =
      standing === undefined || standing.value === free || clock.monotonic() - seenAt >= leaseMs;
    if (takeable) {
      const asked = momentOf(clock);
      const mine = lockRecord('held', clock);
      if (await store.compareAndSet(key, standing?.id, mine)) {
        const lease = new RecordLease(store, key, leaseMs, clock, mine.id, asked);
        if (!signal.aborted) return lease;
        await lease.release();
      }
    }
    await pause(clock, pollMs * (0.5 + Math.random()), signal);
  }
}

interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

function momentOf(clock: Clock): Moment {
  return { monotonic: clock.monotonic(), wall: clock.now() };
}

class RecordLease implements Lease {
  readonly #store: TokenStore;
  readonly #key: string;
  readonly #leaseMs: number;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  #recordId: string;
  /** A renewal whose answer was lost: it may stand there. */
  #doubtfulId: string | undefined;
  /** When the renewal that succeeded last was asked for. */
  #confirmed: Moment;
  #timer: unknown;
  #renewal: Promise<void> = Promise.resolve();
  #released = false;

  constructor(
    store: TokenStore,
    key: string,
    leaseMs: number,
    clock: Clock,
    recordId: string,
    confirmed: Moment,
  ) {
    this.#store = store;
    this.#key = key;
    this.#leaseMs = leaseMs;
    this.#clock = clock;
    this.#recordId = recordId;
    this.#confirmed = confirmed;
    this.#renewLater();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  held(): boolean {
    if (this.#released || this.#lost.signal.aborted) return false;
    // The monotonic clock stands still in sleep, the wall clock may be set back: the larger lapse counts.
    const { monotonic, wall } = this.#confirmed;
    const passedMs = Math.max(this.#clock.monotonic() - monotonic, this.#clock.now() - wall);
    if (passedMs < this.#leaseMs) return true;
    this.#lose();
    return false;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#clock.clearTimeout(this.#timer);
    await this.#renewal;
    if (!this.#lost.signal.aborted) {
      await this.#resolveDoubt();
      await this.#store.compareAndSet(this.#key, this.#recordId, lockRecord(free, this.#clock));
    }
  }

  async #resolveDoubt(): Promise<void> {
    if (this.#doubtfulId === undefined) return;
    if ((await this.#store.get(this.#key))?.id === this.#doubtfulId) this.#recordId = this.#doubtfulId;
    this.#doubtfulId = undefined;
  }

  #lose(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#lost.abort();
  }

  #renewLater(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#renewal = this.#renew();
    }, this.#leaseMs / renewals);
    unref(this.#timer);
  }

  async #renew(): Promise<void> {
    if (!this.held()) return;
    try {
      await this.#resolveDoubt();
      const asked = momentOf(this.#clock);
      const next = lockRecord('held', this.#clock);
      this.#doubtfulId = next.id;
      const renewed = await this.#store.compareAndSet(this.#key, this.#recordId, next);
      this.#doubtfulId = undefined;
      if (!renewed) return this.#lose();
      this.#recordId = next.id;
      this.#confirmed = asked;
    } catch {
      // held() ends the lease if this goes on for too long.
    }
    if (!this.#released && this.held()) this.#renewLater();
  }
}

function lockRecord(value: 'held' | 'free', clock: Clock): TokenRecord {
  return { id: randomId(), value, evictAt: clock.now() + evictAfterMs };
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    const onAbort = (): void => {
      clock.clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
