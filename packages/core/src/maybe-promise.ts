export type MaybePromise<T> = T | Promise<T>;

/** Whether a value of unknown making has to be awaited. */
export function isThenable<T>(value: MaybePromise<T>): value is Promise<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
