import type { SessionContext } from '../context.js';
import * as limits from '../limits.js';

/** The hash of the secrets that a session's vault gave last, and when on the monotonic clock. Few sessions are latched. */
const asked = new WeakMap<SessionContext, { readonly hash: string; readonly at: number }>();

/** Whether the vault gave these secrets a moment ago: they are taken for unchanged. */
export function wasJustAsked(context: SessionContext, hash: string): boolean {
  const last = asked.get(context);
  return last?.hash === hash && context.clock.monotonic() - last.at < limits.latchedVaultMs;
}

/** The vault was asked for secrets that a latch is about. */
export function vaultAsked(context: SessionContext, hash: string): void {
  asked.set(context, { hash, at: context.clock.monotonic() });
}
