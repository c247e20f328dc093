import { type Clock, systemClock, unref } from './clock.js';
import { limits } from './limits.js';
import type { MaybePromise } from './maybe-promise.js';

/** Work for a later instant. */
export interface RefreshTask {
  /** A task with the same key replaces the one before it. */
  readonly key: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** May reject; nobody hears of it. */
  readonly run: () => MaybePromise<void>;
}

/** Runs tasks when their instant has come. */
export interface RefreshScheduler {
  /** Returns the way to cancel this task; it does nothing once the task ran or was replaced. */
  schedule(task: RefreshTask): () => void;
}

/**
 * One heap and one timer, which holds no process open, for any number of tasks. A task runs when the wall clock
 * reaches `at`, or when as much time has passed as `at` lay ahead, whichever comes first: a clock set back delays
 * nothing, and after sleep tasks run within a minute.
 */
export function timerScheduler(options: { readonly clock?: Clock | undefined } = {}): RefreshScheduler {
  const heap = new TaskHeap(options.clock ?? systemClock);
  return { schedule: (task) => heap.schedule(task) };
}

let shared: RefreshScheduler | undefined;
const perClock = new WeakMap<Clock, RefreshScheduler>();

/** The scheduler of all sessions that brought none: one per process, or per custom clock. */
export function sharedScheduler(clock: Clock): RefreshScheduler {
  if (clock === systemClock) {
    shared ??= timerScheduler();
    return shared;
  }
  const known = perClock.get(clock);
  if (known !== undefined) return known;
  const created = timerScheduler({ clock });
  perClock.set(clock, created);
  return created;
}

interface Entry {
  readonly key: string;
  readonly at: number;
  readonly run: () => MaybePromise<void>;
  /** On the monotonic clock. */
  due: number;
  /** Its place in the heap, -1 when it has left. */
  index: number;
}

class TaskHeap {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Entry>();
  readonly #heap: Entry[] = [];
  #timer: unknown;
  #armedFor = Number.POSITIVE_INFINITY;
  /** Wall clock minus monotonic clock: grows by what the machine slept or the clock was set ahead. */
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic();
  }

  schedule(task: RefreshTask): () => void {
    if (!Number.isFinite(task.at)) return () => {};
    const { key, at, run } = task;
    const entry: Entry = { key, at, run, due: this.#clock.monotonic() + (at - this.#clock.now()), index: -1 };
    const replaced = this.#byKey.get(key);
    this.#byKey.set(key, entry);
    if (replaced === undefined) this.#place(entry, this.#heap.length);
    else {
      this.#place(entry, replaced.index);
      replaced.index = -1;
      this.#sink(entry);
    }
    this.#rise(entry);
    this.#arm();
    return () => this.#cancel(entry);
  }

  #cancel(entry: Entry): void {
    if (entry.index === -1) return;
    this.#remove(entry);
    if (this.#heap.length === 0) this.#disarm();
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined) return;
    const now = this.#clock.monotonic();
    const wakeAt = Math.min(first.due, now + limits.timerStepMs);
    if (this.#timer !== undefined && this.#armedFor <= wakeAt) return;
    this.#disarm();
    this.#armedFor = wakeAt;
    this.#timer = this.#clock.setTimeout(() => this.#wake(), Math.max(0, Math.ceil(wakeAt - now)));
    unref(this.#timer);
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #wake(): void {
    this.#disarm();
    const now = this.#clock.monotonic();
    this.#noticeJump(now);
    for (let first = this.#heap[0]; first !== undefined && first.due <= now; first = this.#heap[0]) {
      this.#remove(first);
      runQuietly(first.run);
    }
    this.#arm();
  }

  #noticeJump(now: number): void {
    const offset = this.#clock.now() - now;
    const ahead = offset - this.#offset > limits.clockJumpMs;
    this.#offset = offset;
    if (!ahead) return;
    for (const entry of this.#heap) entry.due = Math.min(entry.due, entry.at - offset);
    this.#heap.sort((left, right) => left.due - right.due);
    this.#heap.forEach((entry, index) => {
      entry.index = index;
    });
  }

  #remove(entry: Entry): void {
    this.#byKey.delete(entry.key);
    const last = this.#heap.pop() as Entry;
    if (last !== entry) {
      this.#place(last, entry.index);
      this.#sink(last);
      this.#rise(last);
    }
    entry.index = -1;
  }

  #rise(entry: Entry): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1] as Entry;
      if (parent.due <= entry.due) return;
      this.#swap(parent, entry);
    }
  }

  #sink(entry: Entry): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1];
      const right = this.#heap[2 * entry.index + 2];
      const child = right !== undefined && left !== undefined && right.due < left.due ? right : left;
      if (child === undefined || entry.due <= child.due) return;
      this.#swap(entry, child);
    }
  }

  #swap(upper: Entry, lower: Entry): void {
    const index = upper.index;
    this.#place(upper, lower.index);
    this.#place(lower, index);
  }

  #place(entry: Entry, index: number): void {
    this.#heap[index] = entry;
    entry.index = index;
  }
}

function runQuietly(run: () => MaybePromise<void>): void {
  try {
    const result = run();
    if (result instanceof Promise) result.catch(() => {});
  } catch {
    // A task reports its failures itself.
  }
}
