import type { SessionContext } from '../context.js';
import { AuthError, isAuthError } from '../errors.js';
import { releaseLease, storeError } from '../records.js';
import type { Lease } from '../store.js';
import { within } from './within.js';

/**
 * Waits for the store's lock, if the store has a lock, until `stop` aborts.
 *
 * @throws AuthError `lock_timeout` or `store_failed`
 */
export async function takeLease(context: SessionContext, stop: AbortSignal): Promise<Lease | undefined> {
  const { store, key, clock, timeouts, provider } = context;
  if (store.lock === undefined) return undefined;
  const late = (): AuthError => new AuthError('lock_timeout', { provider: provider.name });
  try {
    const lease = await within(
      clock,
      timeouts.lockMs,
      late,
      (signal) =>
        (store.lock as NonNullable<typeof store.lock>)(key, { signal: AbortSignal.any([signal, stop]) }),
      (granted) => void releaseLease(context, granted),
    );
    if (typeof lease?.held === 'function' && typeof lease.release === 'function') return lease;
    throw new AuthError('store_failed', { detail: 'it gave no Lease' });
  } catch (error) {
    if (stop.aborted || (isAuthError(error) && error.code === 'lock_timeout')) throw error;
    throw storeError(context, 'lock', error);
  }
}
