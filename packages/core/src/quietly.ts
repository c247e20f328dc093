/** Calls an unsubscribe or cancel function and ignores what it throws: no caller waits for its result. */
export function quietly(stop: (() => void) | undefined): void {
  try {
    stop?.();
  } catch {
    // The timer or subscription counts as ended.
  }
}
