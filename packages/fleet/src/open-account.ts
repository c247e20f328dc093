import { AuthError, type AuthSession, type Clock, type MaybePromise } from '@auth/core';

/** How sessions are opened, and what becomes of them. */
export interface Opening {
  readonly open: (ref: string) => MaybePromise<AuthSession | undefined>;
  readonly release: (session: AuthSession, ref: string) => MaybePromise<void>;
  readonly clock: Clock;
}

/** Longer than a slow vault takes. An `open` that never ends would hold its place among the runs for ever. */
export const openMs = 60_000;

/** Opens an account's session. One that comes too late is released. @throws AuthError `timeout`, and what `open` throws */
export async function openAccount(
  { open, release, clock }: Opening,
  ref: string,
): Promise<AuthSession | undefined> {
  const opening = (async () => open(ref))();
  const late = Promise.withResolvers<never>();
  const timer = clock.setTimeout(() => {
    late.reject(new AuthError('timeout', { detail: 'open took too long' }));
    opening.then((session) => session && release(session, ref)).catch(() => {});
  }, openMs);
  try {
    return await Promise.race([opening, late.promise]);
  } finally {
    clock.clearTimeout(timer);
  }
}
