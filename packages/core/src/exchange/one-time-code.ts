import type { SessionContext } from '../context.js';
import type { Stored } from '../envelope.js';
import type { AuthError } from '../errors.js';
import type { PreparedLogin } from '../provider.js';
import { isLatched, latchOf } from './guard.js';
import { noteFailure, saveGuard } from './save-guard.js';

/**
 * Whether a refused login is sent once more, with another code: servers answer a wrong code like a wrong password. What
 * was refused is marked in the store, so that the secrets get one such attempt, over all processes and restarts.
 */
export async function mayTryAnotherCode(
  context: SessionContext,
  read: Stored,
  { oneTimeCode = false, secrets }: PreparedLogin<unknown>,
  error: AuthError,
): Promise<boolean> {
  const { refusedCode } = read.envelope.guard;
  if (!oneTimeCode || (refusedCode !== undefined && (await isLatched(refusedCode, secrets)))) return false;
  const at = context.clock.now();
  const mark = await latchOf(secrets, at);
  // Unsaved, each restart would try again: it is latched instead.
  return saveGuard(context, read, (guard) => ({ ...noteFailure(guard, error, at), refusedCode: mark }));
}
