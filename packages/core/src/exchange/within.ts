import { type Clock, unref } from '../clock.js';
import type { Flight } from '../flight.js';

/** A pause in which a flight sends nothing: the next one in line may begin. */
export function rest(clock: Clock, { turn }: Flight, delayMs: number): Promise<void> {
  turn?.end();
  return sleep(clock, delayMs).done;
}

/** A pause. With `background`, its timer does not hold the process open. */
export function sleep(
  clock: Clock,
  delayMs: number,
  background = false,
): { done: Promise<void>; cancel(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.setTimeout(resolve, delayMs);
  if (background) unref(timer);
  return {
    done: promise,
    cancel: () => {
      clock.clearTimeout(timer);
      resolve();
    },
  };
}
