import { isThenable } from './maybe-promise.js';

/** Calls code of the program's, the store's or the platform's, and ignores what it throws or rejects with: nobody waits. */
export function quietly(call: (() => unknown) | undefined): void {
  try {
    ignoreRejection(call?.());
  } catch {
    // It counts as done.
  }
}

/** Of code that was to answer at once: a promise in place of the answer may reject, and ends no process by that. */
export function ignoreRejection(result: unknown): void {
  if (isThenable(result)) result.then(undefined, () => {});
}
