import { AuthError, type AuthSession, type Clock, type MaybePromise, withDeadline } from '@auth/core';

/** How sessions are opened, and what becomes of them. */
export interface Opening {
  readonly open: (ref: string) => MaybePromise<AuthSession | undefined>;
  readonly release: (session: AuthSession, ref: string) => MaybePromise<void>;
  readonly clock: Clock;
  readonly onReleaseFailed: (ref: string, error: unknown) => void;
}

/** Longer than a slow vault takes. An `open` or `release` that never ends would hold its place among the runs for ever. */
const userCodeMs = 60_000;

/**
 * Opens an account's session. One that comes too late is released.
 *
 * @throws AuthError `timeout`, the reason of `signal`, and what `open` throws
 */
export async function openAccount(
  parts: Opening,
  ref: string,
  signal: AbortSignal,
): Promise<AuthSession | undefined> {
  signal.throwIfAborted();
  const opening = (async () => parts.open(ref))();
  const late = (): AuthError => new AuthError('timeout', { detail: 'open took too long' });
  try {
    return await withDeadline(parts.clock, userCodeMs, late, opening, signal);
  } catch (error) {
    opening.then((session) => session && releaseAccount(parts, session, ref)).catch(() => {});
    throw error;
  }
}

/** Releases an account's session. What goes wrong is told, and changes nothing of what the run has come to. Never rejects. */
export async function releaseAccount(
  { release, clock, onReleaseFailed }: Opening,
  session: AuthSession,
  ref: string,
): Promise<void> {
  const late = (): AuthError => new AuthError('timeout', { detail: 'release took too long' });
  try {
    await withDeadline(clock, userCodeMs, late, (async () => release(session, ref))());
  } catch (error) {
    onReleaseFailed(ref, error);
  }
}
