import { AuthError, isAuthError, reasonOf } from '@auth/core';

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
  const late = Promise.withResolvers<never>();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    late.reject(unavailable(engine, 'no answer in time'));
  }, boundMs);
  const begin = async (): Promise<Result> => {
    const parts = await ready();
    return isLate ? late.promise : work(parts);
  };
  try {
    return await Promise.race([begin(), late.promise]);
  } catch (error) {
    throw isAuthError(error) ? error : unavailable(engine, reasonOf(error));
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(engine: string, reason: string): AuthError {
  return new AuthError('queue_unavailable', { detail: `${engine}: ${reason}` });
}
