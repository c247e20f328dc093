import type { Clock } from './clock.js';

/**
 * Waits for `work` at most `limitMs`; then `late()` is thrown, and the result of `work` is dropped. With several steps,
 * a stretch in which this process could not run counts as one of them: while a module loads, for example, the answers of
 * a quick store wait too.
 */
export async function withDeadline<Result>(
  clock: Clock,
  limitMs: number,
  late: () => Error,
  work: Promise<Result>,
  steps = 1,
): Promise<Result> {
  let timer: unknown;
  const deadline = new Promise<never>((_, reject) => {
    const wait = (left: number): void => {
      timer = clock.setTimeout(() => (left === 1 ? reject(late()) : wait(left - 1)), limitMs / steps);
    };
    wait(steps);
  });
  try {
    return await Promise.race([work, deadline]);
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
