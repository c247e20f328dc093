/** Calls code of the program's, the store's or the platform's, and ignores what it throws or rejects with: nobody waits. */
export function quietly(call: (() => unknown) | undefined): void {
  try {
    const result = call?.();
    if (result instanceof Promise) result.catch(() => {});
  } catch {
    // It counts as done.
  }
}
