import type { SessionContext } from '../context.js';
import type { Stored } from '../envelope.js';
import type { AuthError } from '../errors.js';
import type { Flight } from '../flight.js';
import { isLatched, latchOf } from './latch.js';
import { noteFailure, saveGuard } from './save-guard.js';

/**
 * Whether a refused login is sent once more, with another code: servers answer a wrong code like a wrong password. What
 * was refused is marked in the store, so that the configured secrets get one such attempt, over all processes and restarts.
 * Secrets that a person typed get one a call, and leave the mark on the configured ones alone.
 */
export async function mayTryAnotherCode(
  context: SessionContext,
  flight: Flight,
  read: Stored,
  error: AuthError,
): Promise<boolean> {
  const { oneTimeCode = false, secrets = [] } = flight.prepared ?? {};
  if (!oneTimeCode) return false;
  if (flight.plan.isTyped === true || flight.plan.kind === 'verify') {
    const mayTry = !flight.hasTriedCode;
    flight.hasTriedCode = true;
    return mayTry;
  }
  const { refusedCode } = read.envelope.guard;
  if (refusedCode !== undefined && (await isLatched(refusedCode, secrets))) return false;
  const at = context.clock.now();
  const mark = await latchOf(secrets, at);
  let isMarkedByOthers = false;
  const isSaved = await saveGuard(context, read, (guard) => {
    // Without a lock another process may have been refused with these secrets meanwhile.
    isMarkedByOthers = guard.refusedCode !== undefined && guard.refusedCode.salt !== refusedCode?.salt;
    return isMarkedByOthers ? guard : { ...noteFailure(guard, error, at), refusedCode: mark };
  });
  // Unsaved, each restart would try again: it is latched instead.
  return isSaved && !isMarkedByOthers;
}
