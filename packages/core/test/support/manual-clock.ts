import type { Clock } from '../../src/clock.js';

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. The wall clock can be set apart from the monotonic clock. */
export class ManualClock implements Clock {
  readonly start: number = Date.UTC(2026, 0, 1);
  #wall: number = this.start;
  #monotonic = 1_000;
  readonly #timers = new Map<number, Timer>();
  #nextHandle = 1;

  now = (): number => this.#wall;
  monotonic = (): number => this.#monotonic;

  setTimeout = (callback: () => void, delayMs: number): number => {
    // Node prints a warning then.
    if (!(delayMs >= 0)) throw new RangeError(`a timer of ${delayMs} ms`);
    const handle = this.#nextHandle++;
    this.#timers.set(handle, { due: this.#monotonic + delayMs, callback });
    return handle;
  };

  clearTimeout = (handle: unknown): void => {
    this.#timers.delete(handle as number);
  };

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass, timer by timer, and promises settle in between. */
  async advance(durationMs: number): Promise<void> {
    const end = this.#monotonic + durationMs;
    await settle();
    for (let next = this.#due(end); next !== undefined; next = this.#due(end)) {
      const [handle, timer] = next;
      this.#timers.delete(handle);
      this.#pass(Math.max(0, timer.due - this.#monotonic));
      timer.callback();
      await settle();
    }
    this.#pass(end - this.#monotonic);
    await settle();
  }

  /** Sets the wall clock ahead or back; no time passes. */
  jump(byMs: number): void {
    this.#wall += byMs;
  }

  #pass(durationMs: number): void {
    this.#monotonic += durationMs;
    this.#wall += durationMs;
  }

  #due(end: number): [number, Timer] | undefined {
    let first: [number, Timer] | undefined;
    for (const entry of this.#timers) {
      if (entry[1].due <= end && (first === undefined || entry[1].due < first[1].due)) first = entry;
    }
    return first;
  }
}

/** Lets everything that waits for promises only run to its end. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}
