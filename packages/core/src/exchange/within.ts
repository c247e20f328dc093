import { type Clock, unref } from '../clock.js';
import type { MaybePromise } from '../maybe-promise.js';

/**
 * Runs `work` for at most `limitMs`. Then its signal aborts and `late()` is thrown, even if `work` ignores the signal.
 * A result that comes after that goes to `tooLate`.
 */
export async function within<Result>(
  clock: Clock,
  limitMs: number,
  late: () => Error,
  work: (signal: AbortSignal) => MaybePromise<Result>,
  tooLate?: (result: Result) => void,
): Promise<Result> {
  const controller = new AbortController();
  let timer: unknown;
  let over = false;
  const deadline = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => {
      over = true;
      const error = late();
      reject(error);
      controller.abort(error);
    }, limitMs);
  });
  const result = (async () => work(controller.signal))();
  if (tooLate !== undefined) {
    result.then(
      (value) => {
        if (over) tooLate(value);
      },
      () => {},
    );
  }
  try {
    return await Promise.race([result, deadline]);
  } finally {
    clock.clearTimeout(timer);
  }
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
