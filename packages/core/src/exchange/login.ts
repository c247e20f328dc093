import type { Account } from '../account.js';
import { elapsedMs } from '../clock.js';
import type { SessionContext } from '../context.js';
import type { Latch, Stored } from '../envelope.js';
import { AuthError } from '../errors.js';
import type { Flight, FlightPlan } from '../flight.js';
import { sentNow } from '../issuer-health.js';
import * as limits from '../limits.js';
import type { PreparedLogin } from '../provider.js';
import { type TokenSet, tokenSetFrom } from '../tokens.js';
import { vaultAsked } from './asked-vaults.js';
import { callServer, emitFailure } from './call-server.js';
import { assertClientMayTry, clientRefused } from './client-latch.js';
import { commit } from './commit.js';
import { isLatched, latchOf, retryRefusedAt, withRefusalsOf, withTyped } from './latch.js';
import { countedIn, countsOf, takenBack } from './login-counts.js';
import { mayTryAnotherCode } from './one-time-code.js';
import type { Outcome } from './outcome.js';
import { pause } from './pause.js';
import { assertMayLogInAhead, latchesOn, permittedSecrets } from './permission.js';
import { replaceStored } from './replace-stored.js';
import { noteFailure, saveGuard } from './save-guard.js';

/** Sends the password if the guard permits it. No other code sends it. */
export async function login(
  context: SessionContext,
  account: Account,
  flight: Flight,
  stored: Stored,
): Promise<Outcome> {
  const { provider, clock } = context;
  const { guard, tokens } = stored.envelope;
  if (tokens?.refreshToken !== undefined && account.isSpent(tokens.id))
    return forgetRefreshToken(context, stored, tokens);
  if (!flight.hasWaiters) assertMayLogInAhead(context, account, stored);
  const prepare = flight.plan.prepare ?? provider.prepareLogin?.bind(provider);
  if (prepare === undefined) return endSession(context, account, stored);
  if (flight.plan.kind !== 'sign_in') await assertClientMayTry(context, account, guard, 'login');
  const prepared = await permittedSecrets(context, account, flight, guard, prepare);
  if (flight.wasRefused) await flight.rest(limits.loginSpreadMs * context.random());
  // Count the login before it is sent: a process that crashes in between and restarts in a loop is counted too.
  const writtenAt = clock.monotonic();
  const counts = countsOf(context, flight.plan.isTyped === true);
  const counted = countedIn(guard, clock.now(), counts);
  const read = await replaceStored(context, stored, { ...stored.envelope, guard: counted });
  // A process suspended here could send the login an hour later, when its count has been dropped.
  if (read === undefined || clock.monotonic() - writtenAt > limits.loginSendMs) return 'read_again';
  if (account.hasSignedOutSince(flight)) throw context.error('signed_out');
  if (!flight.isLeaseHeld) return 'lock_again';
  account.loginSent(clock, counts.sent);
  flight.sent = sentNow(clock, provider.issuer);
  let issued: TokenSet | undefined;
  try {
    issued = await send(context, flight.plan, prepared);
  } catch (thrown) {
    const error = thrown as AuthError;
    emitFailure(context, 'login', error, flight.sent.at, false);
    if (error.code === 'credentials_unavailable') {
      account.loginNotSent(counts.sent);
      await saveGuard(context, read, (standing) => takenBack(standing, counts, counted, guard));
      throw error;
    }
    const isSignIn = flight.plan.kind === 'sign_in';
    if (error.code === 'client_refused') throw await clientRefused(context, account, read, error, isSignIn);
    if (error.code !== 'invalid_credentials')
      throw (await pause(context, account, flight, read, error)).paused;
    if (await mayTryAnotherCode(context, flight, read, error)) return 'read_again';
    const latch = await block(context, account, flight.plan, read, prepared, error);
    throw new AuthError(error.code, { ...error, retryAt: retryRefusedAt(context, latch) });
  }
  if (issued === undefined) return undefined;
  account.latched(undefined);
  context.emit({ type: 'login', tokenId: issued.id, durationMs: elapsedMs(clock, flight.sent.at) });
  return commit(context, account, flight, read, issued, 'login', read.envelope.guard.latch?.hash);
}

function send(
  context: SessionContext,
  plan: FlightPlan,
  prepared: PreparedLogin<unknown>,
): Promise<TokenSet | undefined> {
  return callServer(context, 'login', async (exchangeContext) => {
    const sentAt = context.clock.now();
    const issued = await prepared.login(exchangeContext);
    return plan.kind === 'verify' ? undefined : (tokenSetFrom(issued, sentAt) as TokenSet);
  });
}

/** Saves the latch that blocks logins until the secrets change, and returns it. If the store fails, it stays in memory. */
async function block(
  context: SessionContext,
  account: Account,
  plan: FlightPlan,
  read: Stored,
  prepared: PreparedLogin<unknown>,
  error: AuthError,
): Promise<Latch> {
  const at = context.clock.now();
  const [newest, stored] = latchesOn(account, read.envelope.guard);
  const standing = newest && withRefusalsOf(newest, stored);
  const isConfigured = plan.isTyped !== true;
  // A password that a person mistyped must not replace the latch on the configured password.
  const fresh = async (): Promise<Latch> => {
    const isRepeated = standing !== undefined && (await isLatched(standing, prepared.secrets));
    return {
      ...(await latchOf(prepared.secrets, at, standing)),
      isTyped: isConfigured ? undefined : true,
      count: isRepeated ? (standing.count ?? 1) + 1 : undefined,
    };
  };
  const { typedRefusalAt } = read.envelope.guard;
  const afterTyped =
    isConfigured && typedRefusalAt !== undefined && Math.abs(at - typedRefusalAt) < limits.typedRefusalMs;
  const isBeside = !isConfigured && standing !== undefined && standing.isTyped !== true;
  const latch = isBeside ? await withTyped(standing, prepared.secrets) : await fresh();
  if (isConfigured) vaultAsked(context, latch.hash);
  account.latched(latch);
  const isSaved = await saveGuard(context, read, (guard) => ({
    ...noteFailure(guard, error, at),
    latch: withRefusalsOf(latch, guard.latch),
    failures: 0,
    ...(isConfigured ? {} : { typedRefusalAt: at }),
  }));
  if (isSaved) account.latched(undefined);
  context.emit({ type: 'login_blocked', blockedAt: latch.at, ...(afterTyped ? { afterTyped } : {}) });
  return latch;
}

/**
 * There are no credentials. A dead set is removed from the store, so that all who share the store learn that the
 * session is over. @throws AuthError `reauthentication_required`
 */
async function endSession(context: SessionContext, account: Account, stored: Stored): Promise<'read_again'> {
  const { tokens } = stored.envelope;
  if (tokens !== undefined) {
    const without = { ...stored.envelope, tokens: undefined };
    const isOver = (tokens.expiresAt ?? Number.POSITIVE_INFINITY) <= context.clock.now();
    const isDead = isOver || account.isSpent(tokens.id) || account.isRefused(tokens.id);
    if (isDead && (await replaceStored(context, stored, without)) === undefined) return 'read_again';
  }
  throw context.error('reauthentication_required');
}

/** Removes the stored refresh token, so that no other process sends a token that the server has answered. */
async function forgetRefreshToken(
  context: SessionContext,
  stored: Stored,
  tokens: TokenSet,
): Promise<'read_again'> {
  const { refreshToken: _, refreshExpiresAt: __, ...rest } = tokens;
  await replaceStored(context, stored, { ...stored.envelope, tokens: rest });
  return 'read_again';
}
