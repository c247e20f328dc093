/** Where time comes from. Replace it in tests; give {@link AuthSessionOptions.scheduler} the same one. */
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
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as Parameters<typeof clearTimeout>[0]),
};

/** Keeps a timer of Node, Deno or Bun from holding the process open; on other platforms no timer does. */
export function unref(handle: unknown): void {
  (handle as { unref?: () => void } | undefined)?.unref?.();
}

/** Time since an instant of the monotonic clock, in whole milliseconds. */
export function elapsedMs(clock: Clock, since: number): number {
  return Math.round(clock.monotonic() - since);
}
