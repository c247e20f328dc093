import { AuthError, type AuthSession, type Clock, type MaybePromise, withDeadline } from '@auth/core';

/** How sessions are opened, and what becomes of them. */
export interface Opening {
  readonly open: (ref: string) => MaybePromise<AuthSession | undefined>;
  readonly release: (session: AuthSession, ref: string) => MaybePromise<void>;
  readonly clock: Clock;
}

/** Longer than a slow vault takes. An `open` that never ends would hold its place among the runs for ever. */
const openMs = 60_000;

/**
 * Opens an account's session. One that comes too late is released.
 *
 * @throws AuthError `timeout`, the reason of `signal`, and what `open` throws
 */
export async function openAccount(
  { open, release, clock }: Opening,
  ref: string,
  signal: AbortSignal,
): Promise<AuthSession | undefined> {
  const opening = (async () => open(ref))();
  const late = (): AuthError => new AuthError('timeout', { detail: 'open took too long' });
  try {
    return await withDeadline(clock, openMs, late, opening, signal);
  } catch (error) {
    opening.then((session) => session && release(session, ref)).catch(() => {});
    throw error;
  }
}
