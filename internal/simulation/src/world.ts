/** Something that will happen. */
interface Happening {
  at: number;
  /** When it should have happened, had nobody stood still: the older comes first. */
  readonly dueAt: number;
  readonly order: number;
  /** Whose code runs; undefined for the world's own: servers, networks, faults. */
  readonly process: Process | undefined;
  readonly run: () => void;
  isCancelled: boolean;
}

/** A process of the simulation: one life between start and crash, with clocks of its own. */
export interface Process {
  readonly name: string;
  readonly startedAt: number;
  isAlive: boolean;
  /** Its code stands still until then. */
  frozenUntil: number;
  /** What its wall clock shows beyond the world's time. */
  wallOffsetMs: number;
  /** Timers that were set and have neither run nor been cleared. */
  timers: number;
}

/** One virtual time, one queue of happenings, one thread. */
export class World {
  /** Virtual milliseconds, which also are the epoch's. */
  now = 1_700_000_000_000;
  steps = 0;
  readonly #queue: Happening[] = [];
  #order = 0;

  /** Runs after a delay; for a process that is dead by then not at all, for a frozen one when it wakes. */
  schedule(process: Process | undefined, delayMs: number, run: () => void): Happening {
    const at = this.now + Math.max(0, delayMs);
    const happening: Happening = { at, dueAt: at, order: this.#order++, process, run, isCancelled: false };
    push(this.#queue, happening);
    return happening;
  }

  /** Lets everything happen until that time, or until nothing is left to happen. `settled` follows every step. */
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
      // Whatever the step has resolved runs to its next wait.
      if (next.process !== undefined) await new Promise(setImmediate);
      settled();
    }
    this.now = Math.max(this.now, until);
    settled();
  }
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
