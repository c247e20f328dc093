import { type Clock, unref } from '../clock.js';
import { orAborted, sleep } from '../deadline.js';
import type { MaybePromise } from '../maybe-promise.js';
import type { Lease } from '../store.js';

/** What a store does to get a lease, to keep it alive and to give it back. */
export interface LeaseSteps {
  /** How long a lease outlives its last renewal. */
  readonly leaseMs: number;
  readonly clock: Clock;
  /** Tries once to take the lease. False: somebody else has it. */
  take(): MaybePromise<boolean>;
  /**
   * Extends the lease to `leaseMs` from now. False: the lease is lost. After a throw, `renew` is called again while the
   * lease lasts.
   */
  renew(): MaybePromise<boolean>;
  /** Gives the lease back, unless somebody else has it by now. Also called for a lease that was held for too long. */
  release(): MaybePromise<void>;
}

/** A waiter tries this often: soon after a release, and not so often that it loads the store. */
const pollMs = 50;
/** Renewals per lease, so that two may fail before it ends. */
const renewals = 3;

/**
 * Waits for a lease, and renews it until it is released. A lease that a slow store granted only after it had run out is
 * given back, and the wait goes on. Rejects when `signal` aborts, or with what `take` throws.
 */
export async function waitForLease(steps: LeaseSteps, signal: AbortSignal): Promise<Lease> {
  for (;;) {
    signal.throwIfAborted();
    const asked = momentOf(steps.clock);
    if (await steps.take()) {
      const lease = new RenewedLease(steps, asked);
      if (!signal.aborted && lease.held()) return lease;
      await lease.release();
    }
    signal.throwIfAborted();
    const pause = sleep(steps.clock, pollMs * (0.5 + Math.random()));
    await orAborted(pause.done, signal).finally(pause.cancel);
  }
}

interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

function momentOf(clock: Clock): Moment {
  return { monotonic: clock.monotonic(), wall: clock.now() };
}

class RenewedLease implements Lease {
  readonly #steps: LeaseSteps;
  /** Made for the first who asks: the session asks `held()` instead. */
  #lostController: AbortController | undefined;
  #isLost = false;
  /** When the last successful renewal was requested. */
  #confirmed: Moment;
  #timer: unknown;
  /** The timer that ends the lease if no renewal succeeds, even if a renewal hangs; set for who asked for `lost`. */
  #end: unknown;
  /** The renewal under way. */
  #renewal: Promise<void> | undefined;
  #released = false;

  constructor(steps: LeaseSteps, confirmed: Moment) {
    this.#steps = steps;
    this.#confirmed = confirmed;
    this.#renewLater();
  }

  get lost(): AbortSignal {
    if (this.#lostController === undefined) {
      this.#lostController = new AbortController();
      if (this.held()) this.#endLater();
      else if (this.#isLost) this.#lostController.abort();
    }
    return this.#lostController.signal;
  }

  held(): boolean {
    if (this.#released || this.#isLost) return false;
    const { clock, leaseMs } = this.#steps;
    // The monotonic clock stands still in sleep, and the wall clock may be set back: the longer time counts.
    const { monotonic, wall } = this.#confirmed;
    const passedMs = Math.max(clock.monotonic() - monotonic, clock.now() - wall);
    if (passedMs < leaseMs) return true;
    this.#lose();
    return false;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#steps.clock.clearTimeout(this.#timer);
    if (this.#renewal !== undefined) await Promise.race([this.#renewal, this.#untilLost()]);
    this.#steps.clock.clearTimeout(this.#end);
    await this.#steps.release();
  }

  #untilLost(): Promise<void> {
    const signal = this.lost;
    this.#endLater();
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #lose(): void {
    this.#steps.clock.clearTimeout(this.#timer);
    this.#steps.clock.clearTimeout(this.#end);
    this.#isLost = true;
    this.#lostController?.abort();
  }

  #endLater(): void {
    const { clock, leaseMs } = this.#steps;
    clock.clearTimeout(this.#end);
    // A slow store may have granted it when it was over.
    const leftMs = Math.max(0, leaseMs - (clock.monotonic() - this.#confirmed.monotonic));
    this.#end = unref(clock.setTimeout(() => this.#lose(), leftMs));
  }

  #renewLater(): void {
    const { clock, leaseMs } = this.#steps;
    const renew = (): void => {
      this.#renewal = this.#renew().finally(() => {
        this.#renewal = undefined;
      });
    };
    this.#timer = unref(clock.setTimeout(renew, leaseMs / renewals));
  }

  async #renew(): Promise<void> {
    if (!this.held()) return;
    try {
      const asked = momentOf(this.#steps.clock);
      if (!(await this.#steps.renew())) return this.#lose();
      this.#confirmed = asked;
      if (!this.#released && this.#lostController !== undefined) this.#endLater();
    } catch {
      // held() ends the lease if renewals fail for too long.
    }
    if (!this.#released && this.held()) this.#renewLater();
  }
}
