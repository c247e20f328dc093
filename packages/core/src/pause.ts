import type { Account } from './account.js';
import type { SessionContext } from './context.js';
import type { Guard, Stored } from './envelope.js';
import { AuthError } from './errors.js';
import type { Flight, FlightPlan } from './flight.js';
import { coolDownMs } from './guard.js';
import { limits } from './limits.js';
import { replaceStored } from './records.js';

/**
 * The error of the pause in force, if there is one. A person who signs in waits for a server that asked for it, not
 * for our own cool-down.
 */
export function pauseError(
  context: SessionContext,
  account: Account,
  guard: Guard,
  kind: FlightPlan['kind'],
): AuthError | undefined {
  account.notePause(context.clock, guard.notBefore);
  const leftMs = account.pausedUntil - context.clock.monotonic();
  if (leftMs <= 0) return undefined;
  const code = account.pauseCode ?? (guard.failures > 0 ? 'server_unavailable' : 'rate_limited');
  if (kind !== 'refresh' && code !== 'rate_limited') return undefined;
  const detail = 'it failed before, and waits until retryAt; nothing was sent';
  return new AuthError(code, {
    provider: context.provider.name,
    delivery: 'not_sent',
    retryAt: Math.ceil(context.clock.now() + leftMs),
    detail,
  });
}

/**
 * Writes the pause that follows a failed exchange, for this process and all that share the store. Returns the error
 * with its `retryAt`.
 */
export async function pauseAfter(flight: Flight, stored: Stored, error: AuthError): Promise<AuthError> {
  const { context, account } = flight;
  const { guard } = stored.envelope;
  const limited = error.code === 'rate_limited';
  const failures = limited ? 0 : Math.max(guard.failures, account.exchangeFailures) + 1;
  account.exchangeFailures = failures;
  const notBefore = context.clock.now() + (limited ? rateLimitMs(error.retryAfterMs) : coolDownMs(failures));
  account.pause(context.clock, notBefore, error.code);
  const { lostId = guard.lostId } = account;
  // Where it cannot be saved, this process keeps to it all the same.
  await replaceStored(context, stored, {
    ...stored.envelope,
    guard: { ...guard, failures, notBefore, ...(lostId === undefined ? {} : { lostId }) },
  }).catch(() => undefined);
  return new AuthError(error.code, { ...error, retryAt: notBefore });
}

function rateLimitMs(asked: number | undefined): number {
  const wanted = asked !== undefined && Number.isFinite(asked) ? asked : limits.rateLimitDefaultMs;
  return Math.min(Math.max(wanted, limits.coolDownMinMs), limits.rateLimitMaxMs);
}
