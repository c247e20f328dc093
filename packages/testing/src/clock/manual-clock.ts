import type { Clock } from '@auth/core';

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** How many timers are pending. */
  readonly timers: number;
  /** Lets time pass, timer by timer; code that waits for promises only runs in between. */
  advance(durationMs: number): Promise<void>;
  /** Advances from timer to timer until `work` settles, and returns its result. For work without real I/O. */
  run<Result>(work: Promise<Result>): Promise<Result>;
  /** Sets the wall clock ahead or, with a negative number, back. No time passes. */
  jump(byMs: number): void;
}

interface Timer {
  readonly handle: number;
  readonly due: number;
  readonly callback: () => void;
}

/** @param start epoch milliseconds; default 1 January 2026 */
export function manualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  let wall = start;
  let monotonic = 0;
  let nextHandle = 1;
  const timers = new Map<number, Timer>();

  const pass = (durationMs: number): void => {
    monotonic += durationMs;
    wall += durationMs;
  };
  const firstBefore = (end: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers.values()) {
      if (timer.due <= end && (first === undefined || timer.due < first.due)) first = timer;
    }
    return first;
  };
  const fire = async (timer: Timer): Promise<void> => {
    timers.delete(timer.handle);
    pass(Math.max(0, timer.due - monotonic));
    timer.callback();
    await settle();
  };

  return {
    now: () => wall,
    monotonic: () => monotonic,
    setTimeout(callback, delayMs) {
      const handle = nextHandle++;
      timers.set(handle, { handle, due: monotonic + Math.max(0, delayMs), callback });
      return handle;
    },
    clearTimeout: (handle) => void timers.delete(handle as number),
    get timers() {
      return timers.size;
    },
    async advance(durationMs) {
      const end = monotonic + durationMs;
      await settle();
      for (let timer = firstBefore(end); timer !== undefined; timer = firstBefore(end)) await fire(timer);
      pass(end - monotonic);
      await settle();
    },
    async run(work) {
      let settled = false;
      const done = (): void => {
        settled = true;
      };
      work.then(done, done);
      for (;;) {
        await settle();
        if (settled) return work;
        const timer = firstBefore(Number.POSITIVE_INFINITY);
        if (timer === undefined)
          throw new Error('the work waits for something that is no timer of this clock');
        await fire(timer);
      }
    },
    jump(byMs) {
      wall += byMs;
    },
  };
}

/** After this many turns of the event loop, promises, streams and form parsers without real I/O have settled. */
const turns = 16;

async function settle(): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await nextTurn();
}

/** In browsers a message comes with the next turn; a timer within timers waits 4 ms there. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
    if (setImmediate !== undefined) return setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
