import type { Account } from '../account.js';
import { lastLoginAt } from '../broken-refresh.js';
import type { SessionContext } from '../context.js';
import { withDeadline } from '../deadline.js';
import type { Guard, Latch, Stored } from '../envelope.js';
import { AuthError, isAuthError } from '../errors.js';
import { type Flight, type FlightPlan, leftToCaller } from '../flight.js';
import * as limits from '../limits.js';
import { aheadPerHour, isRenewedByLogin } from '../login-ahead.js';
import type { PreparedLogin } from '../provider.js';
import { reasonOf, toAuthError } from '../reason.js';
import type { TokenSet } from '../tokens.js';
import { vaultAsked, wasJustAsked } from './asked-vaults.js';
import { isLatched, retryRefusedAt } from './latch.js';
import { countsOf, roomForLoginAt } from './login-counts.js';

/**
 * Whether a login may renew the stored set, although nobody waits for it.
 *
 * @throws AuthError `reauthentication_required`: that is left to callers; `rate_limited`: until `retryAt`
 */
export function assertMayLogInAhead(
  context: SessionContext,
  account: Account,
  { envelope: { guard, tokens } }: Stored,
): void {
  const { clock } = context;
  const isLatched = latchesOn(account, guard).some(({ isTyped }) => isTyped !== true);
  if (tokens === undefined || isLatched || !isRenewedByLogin(context, tokens))
    throw leftToCaller(context.error('reauthentication_required', { detail: 'a timer never logs in' }));
  const counts = { ...countsOf(context, false), perHour: aheadPerHour(context) };
  const roomAt = roomForLoginAt(context, account, guard, counts);
  const retryAt = Math.max(roomAt, gapEndsAt(context, account, guard, tokens));
  if (retryAt <= clock.now()) return;
  const detail = 'a login ahead of need would come too soon';
  throw leftToCaller(context.error('rate_limited', { retryAt, detail }));
}

/** When a login with nobody waiting may follow the last one, which some other process may have sent. */
function gapEndsAt(
  { clock }: SessionContext,
  { facts }: Account,
  guard: Guard,
  { issuedAt, expiresAt = issuedAt }: TokenSet,
): number {
  const now = clock.now();
  const sinceOursMs = clock.monotonic() - (facts.loginsSent.at(-1) ?? Number.NEGATIVE_INFINITY);
  const last = Math.max(now - sinceOursMs, lastLoginAt(guard, now));
  return last + (expiresAt - issuedAt) * limits.loginAheadGapShare;
}

/** @throws AuthError `login_blocked`, `rate_limited` or `credentials_unavailable`, with nothing sent */
export async function permittedSecrets(
  context: SessionContext,
  account: Account,
  flight: Flight,
  guard: Guard,
  prepare: NonNullable<FlightPlan['prepare']>,
): Promise<PreparedLogin<unknown>> {
  const { clock } = context;
  const { kind, isTyped } = flight.plan;
  const isConfigured = isTyped !== true;
  const mayTryAgain = (latch: Latch): boolean =>
    isConfigured && clock.now() >= (retryRefusedAt(context, latch) ?? Number.POSITIVE_INFINITY);
  const latches = kind === 'sign_in' ? [] : latchesOn(account, guard).filter((latch) => !mayTryAgain(latch));
  const justAsked = isConfigured ? latches.find(({ hash }) => wasJustAsked(context, hash)) : undefined;
  if (justAsked !== undefined) throw blocked(context, justAsked);
  const retryAt = roomForLoginAt(context, account, guard, countsOf(context, !isConfigured));
  if (retryAt > 0) {
    const detail = isConfigured ? 'maxLoginsPerHour is reached' : 'too many typed passwords';
    throw context.error('rate_limited', { phase: 'login', retryAt, detail });
  }
  flight.prepared ??= await askForSecrets(context, prepare);
  for (const latch of latches) {
    if (!(await isLatched(latch, flight.prepared.secrets))) continue;
    if (isConfigured) vaultAsked(context, latch.hash);
    throw blocked(context, latch);
  }
  return flight.prepared;
}

/** The stored latch, and one of this process's that could not be saved: others may have been refused since. */
export function latchesOn({ facts }: Account, guard: Guard): readonly Latch[] {
  return [facts.latch, guard.latch].filter((latch) => latch !== undefined);
}

async function askForSecrets(
  { clock, timeouts, provider: { name } }: SessionContext,
  prepare: NonNullable<FlightPlan['prepare']>,
): Promise<PreparedLogin<unknown>> {
  const where = { provider: name, phase: 'login' } as const;
  const failed = (detail: string): AuthError =>
    new AuthError('credentials_unavailable', { ...where, delivery: 'not_sent', detail });
  try {
    const asked = (async () => prepare())();
    const late = (): AuthError => failed('it took too long');
    const prepared = await withDeadline(clock, timeouts.credentialsMs, late, asked);
    // Without them a refusal would leave no latch.
    if (!Array.isArray(prepared?.secrets)) throw failed('it named no secrets');
    return prepared;
  } catch (error) {
    // The error of a vault's client may hold the secret: pass on only its code or class name.
    if (!isAuthError(error) || !['credentials_unavailable', 'invalid_options'].includes(error.code))
      throw failed(`it threw ${reasonOf(error)}`);
    throw toAuthError(error, where);
  }
}

function blocked(context: SessionContext, latch: Latch): AuthError {
  context.emit({ type: 'login_blocked', blockedAt: latch.at });
  return context.error('login_blocked', {
    phase: 'login',
    delivery: 'not_sent',
    blockedAt: latch.at,
    retryAt: retryRefusedAt(context, latch),
  });
}
