import type { SessionContext } from '../context.js';
import { settledWithin, withDeadline } from '../deadline.js';
import { AuthError, isAuthError } from '../errors.js';
import type { Flight } from '../flight.js';
import * as limits from '../limits.js';
import { releaseLease, storeError } from '../records.js';
import type { Lease, TokenStore } from '../store.js';

/**
 * Waits for the store's lock, if the store has a lock, until `stop` aborts.
 *
 * @throws AuthError `lock_timeout` or `store_failed`
 */
export async function takeLease(
  context: SessionContext,
  stop: AbortController,
  { plan, lookMs }: Flight,
): Promise<Lease | undefined> {
  const { store, key, clock, timeouts } = context;
  if (store.lock === undefined) return undefined;
  const { signal } = stop;
  const late = (): AuthError => context.error('lock_timeout');
  const locking = (async () => (store as Required<TokenStore>).lock(key, { signal }))();
  try {
    const earlyMs = limits.earlyLockMs + limits.earlyLockReads * lookMs;
    const limitMs = plan.isEarly === true ? Math.min(earlyMs, timeouts.lockMs) : timeouts.lockMs;
    const lease = await withDeadline(clock, limitMs, late, locking);
    if (typeof lease?.held === 'function' && typeof lease.release === 'function') return lease;
    throw new AuthError('store_failed', { detail: 'it gave no Lease' });
  } catch (error) {
    if (isAuthError(error) && error.code === 'lock_timeout') {
      stop.abort(error);
      await returnLease(context, locking);
      throw error;
    }
    throw signal.aborted ? error : storeError(context, 'lock', error);
  }
}

/**
 * Releases a lease that was asked for, is not wanted any more, and may still be granted. Waits for that a while, since
 * this process may exit as soon as its callers wake: a lease left behind delays all who come next.
 */
export async function returnLease(
  context: SessionContext,
  leasing: Promise<Lease | undefined>,
): Promise<void> {
  const returned = leasing.then(
    (lease) => releaseLease(context, lease),
    () => {},
  );
  await settledWithin(context.clock, limits.leaseReturnMs, returned);
}
