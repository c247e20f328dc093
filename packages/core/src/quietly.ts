import { isThenable } from './maybe-promise.js';

/** Calls code of the program's, the store's or the platform's, and ignores what it throws or rejects with: nobody waits. */
export function quietly(call: (() => unknown) | undefined): void {
  try {
    const result = call?.();
    if (isThenable(result)) result.then(undefined, () => {});
  } catch {
    // It counts as done.
  }
}
