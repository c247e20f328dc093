// An older platform is told so at the import, rather than by a TypeError of the first call.
if (typeof Promise.withResolvers !== 'function')
  throw new Error('@auth/core needs Node 22 or later, or another runtime of 2024 or later');

/** Where time comes from. Replace it in tests. */
export interface Clock {
  /** Wall clock, epoch milliseconds. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** The platform's clock. The globals are looked up at each call, so that fake timers work. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delayMs) => inNoCallersContext(() => setTimeout(callback, delayMs)),
  clearTimeout: (handle) => clearTimeout(handle as Parameters<typeof clearTimeout>[0]),
};

/** What is used of Node's, Deno's, Bun's and workerd's `process`. */
interface Builtins {
  getBuiltinModule?(name: 'node:async_hooks'): {
    readonly AsyncLocalStorage: { snapshot(): <Result>(work: () => Result) => Result };
  };
}

/**
 * A timer's callback runs in the async context that has set the timer: a caller's request, its user and its trace. One
 * timer serves all sessions, so the context of this module's import is used in its place, which is nobody's request.
 */
const inNoCallersContext: <Result>(work: () => Result) => Result =
  (globalThis as { process?: Builtins }).process
    ?.getBuiltinModule?.('node:async_hooks')
    ?.AsyncLocalStorage.snapshot() ?? ((work) => work());

/** Keeps a timer of Node, Deno or Bun from holding the process open; on other platforms no timer does. Returns the timer. */
export function unref<Timer>(timer: Timer): Timer {
  (timer as { unref?: () => void } | undefined)?.unref?.();
  return timer;
}

/** Time since an instant of the monotonic clock, in whole milliseconds. */
export function elapsedMs(clock: Clock, since: number): number {
  return Math.round(clock.monotonic() - since);
}
