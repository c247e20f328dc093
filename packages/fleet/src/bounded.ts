import { AuthError, isAuthError, reasonOf, systemClock, withDeadline } from '@auth/core';

/** A call of a queue that has not ended by then is refused. */
const boundMs = 10_000;

/**
 * For queues on an engine: a put, remove or take that ends within ten seconds, whatever has become of the engine. `ready`
 * waits for the engine; `work` does not begin once the call was refused.
 *
 * @throws AuthError `queue_unavailable`
 */
export async function bounded<Parts, Result>(
  engine: string,
  ready: () => Promise<Parts>,
  work: (parts: Parts) => Promise<Result>,
): Promise<Result> {
  const unavailable = (reason: string): AuthError =>
    new AuthError('queue_unavailable', { detail: `${engine}: ${reason}` });
  let refused: AuthError | undefined;
  const late = (): AuthError => {
    refused = unavailable('no answer in time');
    return refused;
  };
  const begin = async (): Promise<Result> => {
    const parts = await ready();
    if (refused !== undefined) throw refused;
    return work(parts);
  };
  try {
    return await withDeadline(systemClock, boundMs, late, begin());
  } catch (error) {
    throw isAuthError(error) ? error : unavailable(reasonOf(error));
  }
}
