/** Calls a function of the program's, the store's or the platform's and ignores what it throws: nobody waits for its result. */
export function quietly(stop: (() => void) | undefined): void {
  try {
    stop?.();
  } catch {
    // It counts as done.
  }
}
