import type { Account } from '../account.js';
import { elapsedMs } from '../clock.js';
import type { SessionContext } from '../context.js';
import { coolDownMs } from '../cool-down.js';
import type { Stored } from '../envelope.js';
import { AuthError } from '../errors.js';
import type { Flight } from '../flight.js';
import { noteUnreachable } from '../issuer-health.js';
import * as limits from '../limits.js';
import { replaceStored } from './replace-stored.js';
import { noteFailure } from './save-guard.js';

/**
 * Writes the pause that follows a failed exchange, for this process and for all processes that share the store. Returns
 * the error with its `retryAt`, and what was written; undefined: it could not be saved.
 */
export async function pause(
  context: SessionContext,
  account: Account,
  { sent }: Flight,
  stored: Stored,
  error: AuthError,
): Promise<{ readonly paused: AuthError; readonly written: Stored | undefined }> {
  const { guard } = stored.envelope;
  const isLimited = error.code === 'rate_limited';
  const failures = isLimited ? 0 : Math.max(guard.failures, account.facts.exchangeFailures) + 1;
  const pauseMs = isLimited ? rateLimitMs(error.retryAfterMs) : coolDownMs(failures);
  const notBefore = context.clock.now() + pauseMs;
  const tookMs = elapsedMs(context.clock, sent.at);
  if (!isLimited) noteUnreachable(context.clock, context.provider.issuer, sent);
  account.exchangeFailed(context.clock, { code: error.code, failures, notBefore, sent });
  const { lostId = guard.lostId } = account.facts;
  // If the pause cannot be saved, this process still observes it.
  const isOwnTrouble = account.facts.isOwnTrouble || undefined;
  const noted = noteFailure(guard, error, context.clock.now());
  const written = await replaceStored(context, stored, {
    ...stored.envelope,
    guard: { ...noted, isOwnTrouble, failures, notBefore, pauseMs, tookMs, lostId },
  }).catch(() => undefined);
  return { paused: new AuthError(error.code, { ...error, retryAt: notBefore }), written };
}

function rateLimitMs(asked: number | undefined): number {
  const wanted = asked !== undefined && Number.isFinite(asked) ? asked : limits.rateLimitDefaultMs;
  return Math.min(Math.max(wanted, limits.coolDownMinMs), limits.rateLimitMaxMs);
}
