import type { SessionContext } from './context.js';
import { within } from './deadline.js';
import { type Envelope, emptyGuard, readEnvelope, type Stored, writeEnvelope } from './envelope.js';
import { AuthError, isAuthError } from './errors.js';
import { reasonOf } from './exchange.js';
import { isThenable, type MaybePromise } from './maybe-promise.js';
import type { Lease } from './store.js';

type StoreOperation = 'get' | 'compareAndSet' | 'lock' | 'release' | 'subscribe';

/** Reads what is stored. @throws AuthError `store_failed` */
export async function readStored(context: SessionContext): Promise<Stored> {
  const record = await callStore(context, 'get', () => context.store.get(context.key));
  // Many stores say null for nothing.
  if (record === undefined || record === null)
    return { recordId: undefined, envelope: { guard: emptyGuard } };
  const envelope = readEnvelope(record.value);
  if (envelope === undefined) context.emit({ type: 'record_unreadable' });
  return { recordId: record.id, envelope: envelope ?? { guard: emptyGuard } };
}

/** Writes in place of what was read. Undefined: somebody else wrote meanwhile. @throws AuthError `store_failed` */
export async function replaceStored(
  context: SessionContext,
  { recordId }: Stored,
  envelope: Envelope,
): Promise<Stored | undefined> {
  const { store, key } = context;
  const record = writeEnvelope(envelope);
  const isReplaced = await callStore(context, 'compareAndSet', () =>
    store.compareAndSet(key, recordId, record),
  );
  return isReplaced ? { recordId: record.id, envelope } : undefined;
}

/** A store without a lock excludes nobody: flights are single within the process all the same. */
export const noLease: Lease = {
  // Made on demand: workerd allows no AbortController while a module loads.
  get lost() {
    return new AbortController().signal;
  },
  held: () => true,
  release: () => {},
};

/** Waits for the store's lock, until `stop` aborts. @throws AuthError `lock_timeout` or `store_failed` */
export async function takeLease(context: SessionContext, stop: AbortSignal): Promise<Lease> {
  const { store, key, clock, timeouts, provider } = context;
  if (store.lock === undefined) return noLease;
  const late = (): AuthError => new AuthError('lock_timeout', { provider: provider.name });
  try {
    const lease = await within(
      clock,
      timeouts.lockMs,
      late,
      (signal) =>
        (store.lock as NonNullable<typeof store.lock>)(key, { signal: AbortSignal.any([signal, stop]) }),
      (lease) => void releaseLease(context, lease),
    );
    if (typeof lease?.held === 'function' && typeof lease.release === 'function') return lease;
    throw new AuthError('store_failed', { detail: 'it gave no Lease' });
  } catch (error) {
    if (stop.aborted || (isAuthError(error) && error.code === 'lock_timeout')) throw error;
    throw storeError(context, 'lock', error);
  }
}

/** A lease that cannot be given back ends by itself: the event is all there is to do. */
export async function releaseLease(context: SessionContext, lease: Lease): Promise<void> {
  await callStore(context, 'release', () => lease.release()).catch(() => {});
}

async function callStore<Result>(
  context: SessionContext,
  operation: StoreOperation,
  call: () => MaybePromise<Result>,
): Promise<Result> {
  const late = (): AuthError => new AuthError('store_failed', { detail: `${operation} took too long` });
  try {
    const result = call();
    if (!isThenable(result)) return result;
    return await within(context.clock, context.timeouts.storeMs, late, () => result);
  } catch (error) {
    throw storeError(context, operation, error);
  }
}

export function storeError(context: SessionContext, operation: StoreOperation, error: unknown): AuthError {
  // A driver's error may hold the command with the record in it: only its name goes on.
  const own = isAuthError(error) ? error : undefined;
  const reason = own?.detail ?? reasonOf(error);
  context.emit({ type: 'store_failed', operation, reason });
  return new AuthError('store_failed', {
    provider: context.provider.name,
    detail: `${operation}: ${reason}`,
  });
}
