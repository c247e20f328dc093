/** The code of the error that a call rejects with, or `resolved`. */
export function errorCodeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'resolved',
    (error: { code: string }) => error.code,
  );
}
