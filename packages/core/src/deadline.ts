import type { Clock } from './clock.js';
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
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    wait(limits.deadlineSteps);
  });
}
