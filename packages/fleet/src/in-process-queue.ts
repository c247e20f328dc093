import {
  AuthError,
  type Clock,
  type RefreshScheduler,
  settledWithin,
  systemClock,
  timerScheduler,
} from '@auth/core';
import type { RefreshJob, RefreshQueue, RunJob, Work, WorkOptions } from './queue.js';
import { retryMs, unknownVersionMs } from './return-times.js';

/** Options of {@link inProcessQueue}. */
export interface InProcessQueueOptions {
  /** For tests. Default: the platform's. */
  readonly clock?: Clock | undefined;
  /** Default `'in-process'`. */
  readonly name?: string | undefined;
}

/**
 * A queue for one process: a few hundred bytes an account, and one timer for all. Its schedule is lost with the
 * process; a keeper's `accounts` fill it again.
 */
export function inProcessQueue(options: InProcessQueueOptions = {}): RefreshQueue {
  return new InProcessQueue(options.clock ?? systemClock, options.name ?? 'in-process');
}

/** What is known of an account: its job waits for its time, waits for a worker, or is being run. */
interface Entry {
  v: RefreshJob['v'];
  at: number;
  /** Ends the timer; undefined where the job is due or being run. */
  cancel: (() => void) | undefined;
  isRunning: boolean;
  /** What was put during the run. */
  putAt: number;
  /** Removed during the run. */
  isRemoved: boolean;
}

class InProcessQueue implements RefreshQueue {
  readonly name: string;
  readonly #clock: Clock;
  readonly #scheduler: RefreshScheduler;
  readonly #entries = new Map<string, Entry>();
  /** Jobs that are due, in the order in which they came due. */
  readonly #due = new Set<string>();
  readonly #workers = new Set<Worker>();
  #isClosed = false;

  constructor(clock: Clock, name: string) {
    this.name = name;
    this.#clock = clock;
    this.#scheduler = timerScheduler({ clock });
  }

  async put(jobs: readonly RefreshJob[], { ifAbsent = false }: { ifAbsent?: boolean } = {}): Promise<void> {
    if (this.#isClosed) throw new AuthError('disposed', { detail: 'the queue was closed' });
    for (const { v, ref, at } of jobs) {
      const entry = this.#entries.get(ref);
      if (entry?.isRunning) {
        if (!ifAbsent || entry.isRemoved) entry.putAt = Math.min(entry.putAt, at);
      } else if (entry === undefined || !ifAbsent) this.#schedule(ref, { ...(entry ?? nothing), v }, at);
    }
  }

  async remove(refs: readonly string[]): Promise<void> {
    for (const ref of refs) {
      const entry = this.#entries.get(ref);
      if (entry === undefined) continue;
      if (entry.isRunning) {
        entry.isRemoved = true;
        entry.putAt = Number.POSITIVE_INFINITY;
      } else this.#forget(ref, entry);
    }
  }

  work(run: RunJob, options: WorkOptions): Work {
    const worker = new Worker(run, options, (ref, nextAt) => this.#ended(ref, nextAt));
    this.#workers.add(worker);
    this.#handOut();
    return {
      close: async ({ timeoutMs }) => {
        this.#workers.delete(worker);
        await worker.close(this.#clock, timeoutMs);
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const [ref, entry] of [...this.#entries]) if (!entry.isRunning) this.#forget(ref, entry);
  }

  #schedule(ref: string, entry: Entry, at: number): void {
    if (this.#isClosed) return;
    entry.cancel?.();
    this.#due.delete(ref);
    entry.at = at;
    this.#entries.set(ref, entry);
    entry.cancel = this.#scheduler.schedule({
      key: ref,
      at,
      run: () => {
        entry.cancel = undefined;
        this.#due.add(ref);
        this.#handOut();
      },
    });
  }

  #forget(ref: string, entry: Entry): void {
    entry.cancel?.();
    this.#due.delete(ref);
    this.#entries.delete(ref);
  }

  #handOut(): void {
    for (const ref of this.#due) {
      const worker = [...this.#workers].find(({ hasRoom }) => hasRoom);
      if (worker === undefined) return;
      const entry = this.#entries.get(ref) as Entry;
      this.#due.delete(ref);
      if (entry.v !== 1) {
        this.#schedule(ref, entry, this.#clock.now() + unknownVersionMs);
        continue;
      }
      entry.isRunning = true;
      entry.putAt = Number.POSITIVE_INFINITY;
      entry.isRemoved = false;
      worker.start({ v: entry.v, ref, at: entry.at });
    }
  }

  /** `nextAt`: what the run wants; undefined: it threw. */
  #ended(ref: string, nextAt: number | undefined): void {
    const entry = this.#entries.get(ref) as Entry;
    entry.isRunning = false;
    const own = entry.isRemoved ? Number.POSITIVE_INFINITY : (nextAt ?? this.#clock.now() + retryMs);
    const next = Math.min(entry.putAt, own);
    if (Number.isFinite(next) && !this.#isClosed) this.#schedule(ref, entry, next);
    else this.#forget(ref, entry);
    this.#handOut();
  }
}

const nothing: Entry = {
  v: 1,
  at: 0,
  cancel: undefined,
  isRunning: false,
  putAt: Number.POSITIVE_INFINITY,
  isRemoved: false,
};

class Worker {
  readonly #run: RunJob;
  readonly #options: WorkOptions;
  readonly #onEnd: (ref: string, nextAt: number | undefined) => void;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(run: RunJob, options: WorkOptions, onEnd: (ref: string, nextAt: number | undefined) => void) {
    this.#run = run;
    this.#options = options;
    this.#onEnd = onEnd;
  }

  get hasRoom(): boolean {
    return this.#running.size < this.#options.concurrency;
  }

  start(job: RefreshJob): void {
    const running = this.#carryOut(job).then((nextAt) => {
      this.#running.delete(running);
      this.#onEnd(job.ref, nextAt);
    });
    this.#running.add(running);
  }

  async #carryOut(job: RefreshJob): Promise<number | undefined> {
    try {
      const { nextAt = Number.POSITIVE_INFINITY } = await this.#run(job, this.#stop.signal);
      return nextAt;
    } catch (error) {
      this.#options.onError(error);
      return undefined;
    }
  }

  async close(clock: Clock, timeoutMs: number): Promise<void> {
    await settledWithin(clock, timeoutMs, Promise.all(this.#running));
    this.#stop.abort();
  }
}
