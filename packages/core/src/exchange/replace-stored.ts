import type { SessionContext } from '../context.js';
import type { Envelope, Stored } from '../envelope.js';
import type { AuthError } from '../errors.js';
import * as limits from '../limits.js';
import { randomId } from '../random-id.js';
import { callStore } from '../records.js';
import type { TokenRecord } from '../store.js';

/** Writes in place of what was read. Undefined: somebody else wrote meanwhile. @throws AuthError `store_failed` */
export async function replaceStored(
  context: SessionContext,
  { recordId }: Stored,
  envelope: Envelope,
): Promise<Stored | undefined> {
  const { store, key } = context;
  const id = randomId();
  const isReplaced = await callStore(context, 'compareAndSet', () =>
    store.compareAndSet(key, recordId, writeEnvelope(envelope, id)),
  );
  return isReplaced ? { recordId: id, envelope } : undefined;
}

/** Others write so fast that no write of ours counts: tells of it, and returns the error. */
export function contention(context: SessionContext, detail: string): AuthError {
  context.emit({ type: 'store_failed', operation: 'compareAndSet', reason: 'contention' });
  return context.error('store_failed', { detail });
}

/** The record for an envelope. */
export function writeEnvelope(envelope: Envelope, id: string): TokenRecord {
  const value = JSON.stringify({ v: 1, ...envelope });
  const evictAt = evictionOf(envelope);
  return { id, value, ...(evictAt === undefined ? {} : { evictAt }) };
}

/** When the store may forget a record: once tokens, refusals, pause and counted logins have all ended. Undefined: never. */
function evictionOf({ tokens, signedOutAt, guard }: Envelope): number | undefined {
  if (signedOutAt !== undefined) return undefined;
  const logins = [...guard.loginsAt, ...(guard.typedLoginsAt ?? [])];
  const ends = [...logins.map((at) => at + limits.loginWindowMs), guard.notBefore ?? 0];
  const { latch, refusedCode, client } = guard;
  if (latch !== undefined)
    ends.push(latch.at + (latch.isTyped === true ? limits.typedLatchKeptMs : limits.latchKeptMs));
  if (refusedCode !== undefined) ends.push(refusedCode.at + limits.latchKeptMs);
  if (client !== undefined) ends.push(client.at + limits.latchKeptMs);
  if (tokens !== undefined) {
    if (tokens.expiresAt === undefined) return undefined;
    if (tokens.refreshToken !== undefined && tokens.refreshExpiresAt === undefined) return undefined;
    ends.push(tokens.expiresAt, tokens.refreshExpiresAt ?? 0);
  }
  // Not Math.max(...ends), which a record with very many logins would overflow.
  return ends.reduce((latest, end) => Math.max(latest, end), 0) || undefined;
}
