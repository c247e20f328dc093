import { type Clock, unref } from './clock.js';
import type { MaybePromise } from './maybe-promise.js';

/** Gives a promise until `limitMs`; then `late()` is thrown, and whatever the promise brings is dropped. */
export async function withDeadline<Result>(
  clock: Clock,
  limitMs: number,
  late: () => Error,
  work: Promise<Result>,
): Promise<Result> {
  let timer: unknown;
  const deadline = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => reject(late()), limitMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clock.clearTimeout(timer);
  }
}

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

/** Waits for a shared promise at most `limitMs` and only while `signal` has not aborted; the work behind it goes on. */
export function waitFor<Result>(
  clock: Clock,
  shared: Promise<Result>,
  limitMs: number,
  late: () => Error,
  signal?: AbortSignal,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => finish(() => reject(late())), limitMs);
    const onAbort = (): void => finish(() => reject(signal?.reason));
    const finish = (end: () => void): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      end();
    };
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    shared.then(
      (value) => finish(() => resolve(value)),
      (error) => finish(() => reject(error)),
    );
  });
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
