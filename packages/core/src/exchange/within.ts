import { type Clock, unref } from '../clock.js';
import type { MaybePromise } from '../maybe-promise.js';

/**
 * Gives `work` until `limitMs`; then its signal aborts and `late()` is thrown, whether it listens or not. What it
 * still brings after that goes to `tooLate`.
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

/** A pause inside work that somebody waits for, or, with `background`, one that holds no process open. */
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
