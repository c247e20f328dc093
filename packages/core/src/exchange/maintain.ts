import type { Account } from '../account.js';
import type { MaintainOptions, Maintenance } from '../auth-session.js';
import type { SessionContext } from '../context.js';
import type { Stored } from '../envelope.js';
import { type AuthError, isAuthError } from '../errors.js';
import { type FlightPlan, needsCaller } from '../flight.js';
import * as limits from '../limits.js';
import { isRenewedByLogin, tellIfTooShort } from '../login-ahead.js';
import { learnDataId, noticeLoss } from '../lost-data.js';
import { learn, nextStep } from '../next-step.js';
import { readStored } from '../records.js';
import type { TokenSet } from '../tokens.js';
import { restoreSignOut } from './sign-out.js';
import { statusOf } from './status.js';

/** Looks at the store once, and renews the set if it is due. @throws AuthError `store_failed` */
export async function maintain(
  context: SessionContext,
  account: Account,
  options: MaintainOptions,
  runFlight: (plan: FlightPlan) => Promise<TokenSet | undefined>,
): Promise<Maintenance> {
  try {
    return await lookAndRenew(context, account, options, runFlight);
  } finally {
    // Nobody has heard of changes for a caller yet: the first one reads the store, and hears of them from then on.
    if (context.store.subscribe !== undefined && !account.isWatched) account.held.doubt();
  }
}

async function lookAndRenew(
  context: SessionContext,
  account: Account,
  { login = false, admit, signal }: MaintainOptions,
  runFlight: (plan: FlightPlan) => Promise<TokenSet | undefined>,
): Promise<Maintenance> {
  const { clock, provider } = context;
  await account.flight?.settled;
  learnDataId(context);
  const { stored, tookMs } = await look(context, account);
  takeStored(context, account, stored);
  const { state } = statusOf(context, account, stored);
  if (state === 'signed_out') return { state };
  const mayLogIn = login && provider.prepareLogin !== undefined;
  const dueAt = dueTime(context, account, mayLogIn);
  if (dueAt === undefined || dueAt > clock.now())
    return dueAt === undefined ? { state } : { state, nextAt: dueAt };
  const { tokens, facts } = account;
  const waitMs = (await admit?.()) ?? 0;
  if (waitMs > 0) return { state, nextAt: Math.ceil(clock.now() + waitMs) };
  // The admission took its time: nobody may wait any more, and a caller may have begun the work, or done it.
  if (signal?.aborted === true) return { state };
  if (account.flight !== undefined || account.tokens !== tokens || account.facts.signOuts !== facts.signOuts)
    return { state, nextAt: clock.now() + limits.leaseElsewhereMs };
  const isAhead = tokens !== undefined && isRenewedByLogin(context, tokens);
  const byTimer = !mayLogIn || (isAhead && account.isUsable(context));
  try {
    await runFlight({
      kind: 'refresh',
      isEarly: true,
      isMaintenance: true,
      looked: { stored, tookMs },
      byTimer,
    });
  } catch (error) {
    const { tokens } = account;
    // Ahead of need it was too soon for a login: at the set's end it is not.
    if (byTimer && tokens !== undefined && isAuthError(error) && needsCaller(error)) {
      const atEnd = mayLogIn ? account.held.mandatoryAt(context) : Number.POSITIVE_INFINITY;
      const nextAt = Math.min(error.retryAt ?? Number.POSITIVE_INFINITY, atEnd);
      if (Number.isFinite(nextAt)) return { state: 'signed_in', nextAt: Math.ceil(nextAt) };
    }
    return afterFailure(context, account, error);
  }
  if (account.tokens !== undefined) tellIfTooShort(context, account.tokens);
  const nextAt = dueTime(context, account, mayLogIn);
  if (nextAt === undefined) return { state: 'signed_in' };
  // A set that is due again at once waits, as it does for callers.
  return { state: 'signed_in', nextAt: Math.max(nextAt, clock.now() + limits.exchangeGapMs) };
}

/** Reads the store, again where news was missed meanwhile, and writes back what it has lost. */
async function look(
  context: SessionContext,
  account: Account,
): Promise<{ readonly stored: Stored; readonly tookMs: number }> {
  const { clock } = context;
  for (;;) {
    const { gaps } = account.held;
    const since = clock.monotonic();
    const stored = await readStored(context);
    const tookMs = clock.monotonic() - since;
    const asking = noticeLoss(context, account, stored);
    if (asking !== undefined) await asking;
    if (account.facts.isSignOutLost) await restoreSignOut(context, account);
    if (account.held.gaps === gaps) return { stored, tookMs };
  }
}

/** Takes the stored set in hand, whether it is due or not: what is in hand may be older. */
function takeStored(context: SessionContext, account: Account, stored: Stored): void {
  account.held.readClock(context.clock);
  account.held.doubtEnded(context);
  const { tokens, signedOutAt } = stored.envelope;
  const { unsaved } = account.facts;
  const isSignedIn = !account.isSignedOut && !account.isNews(signedOutAt);
  // Before the pause is read: whoever has saved the set may have been asked to wait since.
  if (tokens !== undefined && isSignedIn && unsaved === undefined)
    if (!account.isSpent(tokens.id) && !account.isRefused(tokens.id)) account.adopted(context, tokens);
  const { facts } = nextStep(context, account, stored, { plan: { kind: 'refresh' }, startedWith: undefined });
  learn(context, account, stored, facts);
}

/** When the set in hand is to be renewed, by a refresh or, if it may, by a login; undefined: never by this run. */
function dueTime(context: SessionContext, account: Account, mayLogIn: boolean): number | undefined {
  const { tokens, held, facts } = account;
  const now = context.clock.now();
  if (facts.unsaved !== undefined) return now;
  if (tokens === undefined) return mayLogIn ? now : undefined;
  if (account.isRefused(tokens.id)) return now;
  const canRefresh = account.canRefresh(context, tokens);
  const isAhead = isRenewedByLogin(context, tokens);
  if (!canRefresh && !mayLogIn && !isAhead) return undefined;
  const isEarly = (canRefresh && !facts.isRefreshBroken) || isAhead;
  const at = isEarly ? held.freshUntil : held.mandatoryAt(context);
  return at === Number.POSITIVE_INFINITY ? now + limits.unknownLifeMs : Math.ceil(at);
}

/** What a failed run comes to: only a store that fails is thrown. */
async function afterFailure(context: SessionContext, account: Account, error: unknown): Promise<Maintenance> {
  if (!isAuthError(error) || error.code === 'store_failed') throw error;
  const now = context.clock.now();
  const isAlive = account.isAlive(context.clock);
  const stands = isAlive ? 'signed_in' : 'unavailable';
  switch (error.code) {
    case 'lock_timeout':
      return { state: stands, nextAt: now + limits.leaseElsewhereMs };
    case 'signed_out':
      return { state: 'signed_out' };
    case 'invalid_credentials':
    case 'login_blocked':
    case 'client_refused':
      return { state: isAlive ? 'signed_in' : 'login_blocked', ...comingAfter(context, error) };
    case 'reauthentication_required':
      return { state: isAlive ? 'signed_in' : 'idle' };
    default:
      return { state: stands, nextAt: now + limits.maintainJitterMs, ...comingAfter(context, error) };
  }
}

/** Some time after the error's `retryAt`, so that many workers do not come back at the same instant. */
function comingAfter({ random }: SessionContext, { retryAt }: AuthError): Pick<Maintenance, 'nextAt'> {
  return retryAt === undefined ? {} : { nextAt: Math.ceil(retryAt + limits.maintainJitterMs * random()) };
}
