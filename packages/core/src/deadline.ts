import { type Clock, unref } from './clock.js';
import * as limits from './limits.js';

/**
 * Waits for `work` at most `limitMs`, after which `late()` is thrown, and only while `signal` has not aborted; the work
 * goes on. A stretch in which this process could not run counts as one of a few steps: while a module loads, for
 * example, the answers of a quick store wait too.
 */
export function withDeadline<Result>(
  clock: Clock,
  limitMs: number,
  late: () => Error,
  work: Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    let timer: unknown;
    const end = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => {
      end();
      reject(signal?.reason);
    };
    const onLate = (): void => {
      end();
      reject(late());
    };
    const wait = (steps: number): void => {
      const isLast = steps === 1;
      timer = clock.setTimeout(isLast ? onLate : () => wait(steps - 1), limitMs / limits.deadlineSteps);
    };
    if (signal?.aborted === true) onAbort();
    else {
      signal?.addEventListener('abort', onAbort, { once: true });
      wait(limits.deadlineSteps);
    }
    // Last, since another library's promise may call back at once.
    work.then(
      (result) => {
        end();
        resolve(result);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
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

/** Waits until the work has ended, well or not, at most `limitMs`. */
export async function settledWithin(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<void> {
  const late = (): Error => new Error('late');
  await withDeadline(clock, limitMs, late, work).catch(() => {});
}

/** Waits for work, which goes on, until `signal` aborts. */
export function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
