import type { Clock } from '@auth/core';

/** A scheduled event. */
interface Happening {
  at: number;
  /** When the event was due before a freeze delayed it: of events at the same time, the one due first runs first. */
  readonly dueAt: number;
  readonly order: number;
  /** The process whose code runs; undefined for servers, networks and faults. */
  readonly process: Process | undefined;
  readonly run: () => void;
  isCancelled: boolean;
}

/** A process of the simulation: one life between start and crash, with clocks of its own. */
export interface Process {
  readonly name: string;
  readonly startedAt: number;
  isAlive: boolean;
  /** The process is frozen until then. */
  frozenUntil: number;
  /** How far the wall clock is ahead of the world's time. */
  wallOffsetMs: number;
  /** Timers that were set and have neither run nor been cleared. */
  timers: number;
}

/** One virtual time, one queue of events, one thread. */
export class World {
  /** Virtual time, in milliseconds since the epoch. */
  now = 1_700_000_000_000;
  steps = 0;
  /** Node prints a warning then. */
  onNegativeTimer: (detail: string) => void = () => {};
  readonly #queue: Happening[] = [];
  #order = 0;

  /** Calls `run` after a delay: not at all if the process is dead by then, at its wake-up if it is frozen. */
  schedule(process: Process | undefined, delayMs: number, run: () => void): Happening {
    const at = this.now + Math.max(0, delayMs);
    const happening: Happening = { at, dueAt: at, order: this.#order++, process, run, isCancelled: false };
    push(this.#queue, happening);
    return happening;
  }

  /** Runs all events up to that time. `settled` is called after every step. */
  async runUntil(until: number, settled: () => void): Promise<void> {
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined || next.at > until) break;
      pop(this.#queue);
      if (next.isCancelled || next.process?.isAlive === false) continue;
      const wakesAt = next.process?.frozenUntil ?? 0;
      if (wakesAt > next.at) {
        next.at = wakesAt;
        push(this.#queue, next);
        continue;
      }
      this.now = Math.max(this.now, next.at);
      this.steps++;
      next.run();
      // Promises that the step has resolved run up to their next wait.
      if (next.process !== undefined) await new Promise(setImmediate);
      settled();
    }
    this.now = Math.max(this.now, until);
    settled();
  }
}

/** The clocks and timers of a process. */
export function clockOf(world: World, process: Process): Clock {
  return {
    now: () => world.now + process.wallOffsetMs,
    monotonic: () => world.now - process.startedAt,
    setTimeout(callback, delayMs) {
      if (!(delayMs >= 0)) world.onNegativeTimer(`${process.name}: ${delayMs} ms`);
      process.timers++;
      const timer = { isSet: true, happening: undefined as unknown };
      timer.happening = world.schedule(process, delayMs, () => {
        if (timer.isSet) process.timers--;
        timer.isSet = false;
        callback();
      });
      return timer;
    },
    clearTimeout(handle) {
      const timer = handle as { isSet: boolean; happening: { isCancelled: boolean } } | undefined;
      if (timer === undefined || !timer.isSet) return;
      timer.isSet = false;
      timer.happening.isCancelled = true;
      process.timers--;
    },
  };
}

function isBefore(left: Happening, right: Happening): boolean {
  return (left.at - right.at || left.dueAt - right.dueAt || left.order - right.order) < 0;
}

function push(heap: Happening[], item: Happening): void {
  let index = heap.length;
  heap.push(item);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(item, heap[parent] as Happening)) break;
    heap[index] = heap[parent] as Happening;
    index = parent;
  }
  heap[index] = item;
}

function pop(heap: Happening[]): void {
  const last = heap.pop() as Happening;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = index * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Happening, heap[child] as Happening)) child++;
    if (!isBefore(heap[child] as Happening, last)) break;
    heap[index] = heap[child] as Happening;
    index = child;
  }
  heap[index] = last;
}
