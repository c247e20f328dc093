/** A result, now or later: what hooks and stores may return. */
export type MaybePromise<T> = T | Promise<T>;

/** Whether a value is a promise, of any implementation. */
export function isThenable<T>(value: MaybePromise<T>): value is Promise<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
