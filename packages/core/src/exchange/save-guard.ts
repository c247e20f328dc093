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
