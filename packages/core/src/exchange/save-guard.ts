import type { SessionContext } from '../context.js';
import type { Guard, Stored } from '../envelope.js';
import type { AuthError } from '../errors.js';
import * as limits from '../limits.js';
import { readStored } from '../records.js';
import { replaceStored } from './replace-stored.js';

/** Changes the stored guard, whatever else changes meanwhile. False: the store failed. */
export async function saveGuard(
  context: SessionContext,
  read: Stored,
  change: (guard: Guard) => Guard,
): Promise<boolean> {
  let base = read;
  for (let round = 0; round < limits.flightRounds; round++) {
    try {
      const envelope = { ...base.envelope, guard: change(base.envelope.guard) };
      if ((await replaceStored(context, base, envelope)) !== undefined) return true;
      base = await readStored(context);
    } catch {
      return false;
    }
  }
  return false;
}

/** The guard with the failure that an operator wants to know of. */
export function noteFailure(guard: Guard, { code, status, serverCode }: AuthError, at: number): Guard {
  const known = {
    ...(status === undefined ? {} : { status }),
    ...(serverCode === undefined ? {} : { serverCode }),
  };
  return { ...guard, lastFailure: { code, ...known, at } };
}

/**
 * The guard after a successful exchange: no pause, no lost answer, no refused client, and no latch that an accepted
 * password lifted. Only a refresh shows that the refresh endpoint works again.
 */
export function settledGuard(guard: Guard, lifted: string | undefined, phase: 'login' | 'refresh'): Guard {
  const { notBefore, pauseMs, tookMs, isOwnTrouble, lostId, client, lastFailure, ...kept } = guard;
  const { latch, refreshFails } = kept;
  const settled = { ...kept, failures: 0, latch: latch?.hash === lifted ? undefined : latch };
  if (phase === 'refresh') return { ...settled, refreshFails: undefined };
  const logins = (refreshFails?.logins ?? 0) + 1;
  return { ...settled, refusedCode: undefined, refreshFails: refreshFails && { ...refreshFails, logins } };
}
