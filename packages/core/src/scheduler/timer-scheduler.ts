import { type Clock, systemClock, unref } from '../clock.js';
import * as limits from '../limits.js';
import type { MaybePromise } from '../maybe-promise.js';
import { quietly } from '../quietly.js';

/** Work for a later instant. */
export interface RefreshTask {
  /**
   * A task with the same key replaces the one before it. It is the session's own key, the same in every process: sessions
   * with one key on different stores need schedulers of their own.
   */
  readonly key: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** May throw or reject: the scheduler ignores the error. */
  readonly run: () => MaybePromise<void>;
}

/** Runs tasks when their instant has come. */
export interface RefreshScheduler {
  /** Returns a function that cancels this task; it does nothing once the task ran or was replaced. */
  schedule(task: RefreshTask): () => void;
}

/** An object that has a timer on a {@link TimerScheduler} without a key, and keeps the timer's slot, -1 for none. */
export interface TimerOwner {
  timerSlot: number;
}

/**
 * One heap and one timer, which holds no process open, for any number of tasks. A task runs when the wall clock
 * reaches `at`, or when as much time has passed as `at` lay ahead, whichever comes first: a clock set back delays
 * nothing, and after sleep tasks run within a minute.
 */
export function timerScheduler(options: { readonly clock?: Clock | undefined } = {}): RefreshScheduler {
  return new TimerScheduler(options.clock ?? systemClock);
}

/** The slot of an owner without a timer. */
const nowhere = -1;
const firstSlots = 16;

type Run = (owner: TimerOwner | string) => MaybePromise<void>;

/**
 * A binary heap by due time. A task is a slot, a row in parallel arrays: a hundred thousand tasks are a few arrays, and
 * no object each. A task belongs to a key, or to an object that keeps the slot itself.
 */
export class TimerScheduler implements RefreshScheduler {
  readonly #clock: Clock;
  readonly #slots = new Map<string, number>();
  readonly #owners: (TimerOwner | string | undefined)[] = [];
  readonly #runs: (Run | undefined)[] = [];
  /** By slot: when the task is due on the monotonic clock, and by how much `#offset` had grown when it was set. */
  #due = new Float64Array(firstSlots);
  #drift = new Float32Array(firstSlots);
  /** By slot: its place in the heap, and how many tasks have used it. */
  #places = new Int32Array(firstSlots);
  #uses = new Uint32Array(firstSlots);
  /** Slots by due time: the children of place n are at 2n + 1 and 2n + 2. */
  #heap = new Int32Array(firstSlots);
  #size = 0;
  /** Slots that were given back, and may be given out again. */
  readonly #free: number[] = [];
  #timer: unknown;
  #armedFor = Number.POSITIVE_INFINITY;
  /** Wall clock minus monotonic clock: grows by what the machine slept or the clock was set ahead. */
  #offset: number;
  readonly #firstOffset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#firstOffset = clock.now() - clock.monotonic();
    this.#offset = this.#firstOffset;
  }

  schedule({ key, at, run }: RefreshTask): () => void {
    if (!Number.isFinite(at)) return () => {};
    const slot = this.#put(this.#slots.get(key), key, at, run);
    const use = this.#uses[slot];
    return () => {
      if (this.#uses[slot] === use && this.#slots.get(key) === slot) this.#end(slot);
    };
  }

  /** Runs `run` with the owner at an instant, and replaces the task that the owner had. */
  arm<Owner extends TimerOwner>(owner: Owner, at: number, run: (owner: Owner) => MaybePromise<void>): void {
    const { timerSlot } = owner;
    this.#put(timerSlot === nowhere ? undefined : timerSlot, owner, at, run as never);
  }

  cancel({ timerSlot }: TimerOwner): void {
    if (timerSlot !== nowhere) this.#end(timerSlot);
  }

  #put(replaced: number | undefined, owner: TimerOwner | string, at: number, run: Run): number {
    const now = this.#clock.monotonic();
    const offset = this.#clock.now() - now;
    const slot = replaced ?? this.#take(owner);
    this.#runs[slot] = run;
    this.#due[slot] = at - offset;
    this.#drift[slot] = offset - this.#firstOffset;
    this.#uses[slot] = (this.#uses[slot] as number) + 1;
    this.#rise(slot);
    if (replaced !== undefined) this.#sink(slot);
    this.#arm(now);
    return slot;
  }

  #end(slot: number): void {
    this.#remove(slot);
    if (this.#size === 0) this.#disarm();
  }

  #arm(now: number): void {
    if (this.#size === 0) return;
    const first = this.#due[this.#heap[0] as number] as number;
    const wakeAt = Math.min(first, now + limits.timerStepMs);
    if (this.#timer !== undefined && this.#armedFor <= wakeAt) return;
    this.#disarm();
    this.#armedFor = wakeAt;
    const delayMs = Math.max(0, Math.ceil(wakeAt - now));
    this.#timer = unref(this.#clock.setTimeout(() => this.#wake(), delayMs));
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
    while (this.#size > 0) {
      const slot = this.#heap[0] as number;
      if ((this.#due[slot] as number) > now) break;
      const run = this.#runs[slot] as Run;
      const owner = this.#owners[slot] as TimerOwner | string;
      this.#remove(slot);
      // A task reports its failures itself.
      quietly(() => run(owner));
    }
    this.#arm(now);
  }

  #noticeJump(now: number): void {
    const offset = this.#clock.now() - now;
    const ahead = offset - this.#offset > limits.clockJumpMs;
    this.#offset = offset;
    if (!ahead) return;
    const drift = offset - this.#firstOffset;
    for (const slot of this.#heap.subarray(0, this.#size)) {
      const aheadMs = drift - (this.#drift[slot] as number);
      if (aheadMs <= 0) continue;
      this.#due[slot] = (this.#due[slot] as number) - aheadMs;
      this.#drift[slot] = drift;
    }
    for (let place = (this.#size >> 1) - 1; place >= 0; place--) this.#sink(this.#heap[place] as number);
  }

  /** Gives a slot to an owner, at the end of the heap. */
  #take(owner: TimerOwner | string): number {
    const slot = this.#free.pop() ?? this.#owners.length;
    if (slot === this.#due.length) this.#grow();
    this.#owners[slot] = owner;
    if (typeof owner === 'string') this.#slots.set(owner, slot);
    else owner.timerSlot = slot;
    this.#places[slot] = this.#size++;
    return slot;
  }

  #grow(): void {
    // By an eighth: little of a large heap is empty.
    const length = this.#due.length + Math.max(firstSlots, this.#due.length >> 3);
    const grown = <Values extends Float64Array | Float32Array | Int32Array | Uint32Array>(
      values: Values,
      larger: Values,
    ) => {
      larger.set(values);
      return larger;
    };
    this.#due = grown(this.#due, new Float64Array(length));
    this.#drift = grown(this.#drift, new Float32Array(length));
    this.#places = grown(this.#places, new Int32Array(length));
    this.#uses = grown(this.#uses, new Uint32Array(length));
    this.#heap = grown(this.#heap, new Int32Array(length));
  }

  #remove(slot: number): void {
    const owner = this.#owners[slot] as TimerOwner | string;
    if (typeof owner === 'string') this.#slots.delete(owner);
    else owner.timerSlot = nowhere;
    this.#owners[slot] = undefined;
    this.#runs[slot] = undefined;
    this.#free.push(slot);
    const place = this.#places[slot] as number;
    const last = this.#heap[--this.#size] as number;
    if (last === slot) return;
    this.#places[last] = place;
    this.#rise(last);
    this.#sink(last);
  }

  /** Moves a slot up to where its due time belongs; `#sink` moves it down. */
  #rise(slot: number): void {
    const due = this.#due[slot] as number;
    let place = this.#places[slot] as number;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above] as number;
      if ((this.#due[parent] as number) <= due) break;
      this.#set(place, parent);
      place = above;
    }
    this.#set(place, slot);
  }

  #sink(slot: number): void {
    const due = this.#due[slot] as number;
    let place = this.#places[slot] as number;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#size) break;
      const right = below + 1;
      if (right < this.#size && this.#dueAt(right) < this.#dueAt(below)) below = right;
      if (due <= this.#dueAt(below)) break;
      this.#set(place, this.#heap[below] as number);
      place = below;
    }
    this.#set(place, slot);
  }

  #dueAt(place: number): number {
    return this.#due[this.#heap[place] as number] as number;
  }

  #set(place: number, slot: number): void {
    this.#heap[place] = slot;
    this.#places[slot] = place;
  }
}
