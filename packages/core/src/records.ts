import type { SessionContext } from './context.js';
import { withDeadline } from './deadline.js';
import { emptyGuard, readEnvelope, type Stored } from './envelope.js';
import { AuthError, isAuthError } from './errors.js';
import type { AuthEvent } from './events.js';
import type { Flight } from './flight.js';
import { isThenable, type MaybePromise } from './maybe-promise.js';
import { reasonOf } from './reason.js';
import type { Lease } from './store.js';

type StoreOperation = Extract<AuthEvent, { readonly type: 'store_failed' }>['operation'];

/** Reads what is stored; `known` is returned where it still stands. @throws AuthError `store_failed` */
export async function readStored(context: SessionContext, known?: Stored): Promise<Stored> {
  const { store, key } = context;
  const record = await callStore(context, 'get', () => store.get(key));
  // Many stores say null for nothing.
  if (record === undefined || record === null)
    return { recordId: undefined, envelope: { guard: emptyGuard } };
  if (known?.recordId !== undefined && record.id === known.recordId) return known;
  const envelope = readEnvelope(record.value);
  if (envelope === undefined) context.emit({ type: 'record_unreadable' });
  return { recordId: record.id, envelope: envelope ?? { guard: emptyGuard } };
}

/** Releases a lease. A failure is only emitted as an event: the lease ends by itself. */
export async function releaseLease(context: SessionContext, lease: Lease | undefined): Promise<void> {
  if (lease !== undefined) await callStore(context, 'release', () => lease.release()).catch(() => {});
}

/** Releases the lease that a flight has. */
export async function releaseFlightLease(flight: Flight): Promise<void> {
  const { lease } = flight;
  flight.lease = undefined;
  await releaseLease(flight.context, lease);
}

/** Calls the store, with a deadline where it does not answer at once. @throws AuthError `store_failed` */
export async function callStore<Result>(
  context: SessionContext,
  operation: StoreOperation,
  call: () => MaybePromise<Result>,
): Promise<Result> {
  const late = (): AuthError => new AuthError('store_failed', { detail: `${operation} took too long` });
  try {
    const result = call();
    if (!isThenable(result)) return result;
    return await withDeadline(context.clock, context.timeouts.storeMs, late, result);
  } catch (error) {
    throw storeError(context, operation, error);
  }
}

/** Makes the session's error of a store's error, and emits the event. */
export function storeError(context: SessionContext, operation: StoreOperation, error: unknown): AuthError {
  // A driver's error may hold the command with the record in it: pass on only its code or class name.
  const own = isAuthError(error) ? error : undefined;
  const reason = own?.detail ?? reasonOf(error);
  context.emit({ type: 'store_failed', operation, reason });
  return context.error('store_failed', { detail: `${operation}: ${reason}` });
}
