import type { Account } from '../account.js';
import { mayLogInInstead } from '../broken-refresh.js';
import { elapsedMs } from '../clock.js';
import type { SessionContext } from '../context.js';
import { sleep } from '../deadline.js';
import type { Stored } from '../envelope.js';
import type { AuthError } from '../errors.js';
import type { Flight } from '../flight.js';
import { sentNow } from '../issuer-health.js';
import * as limits from '../limits.js';
import type { AuthProvider } from '../provider.js';
import { releaseFlightLease } from '../records.js';
import { ageOf, type TokenSet, tokenSetFrom } from '../tokens.js';
import { callServer, emitFailure, isAnswerLost } from './call-server.js';
import { assertClientMayTry, clientRefused } from './client-latch.js';
import { commit } from './commit.js';
import { login } from './login.js';
import type { Outcome } from './outcome.js';
import { pause } from './pause.js';
import { refreshFailsAfter } from './refresh-fails.js';
import { replaceStored } from './replace-stored.js';

/** Sends the stored set's refresh token, at most twice, and saves the set that the server returns. */
export async function refresh(
  context: SessionContext,
  account: Account,
  flight: Flight,
  stored: Stored,
  parent: TokenSet,
): Promise<Outcome> {
  const waitMs = othersMayRestoreFor(context, account, stored);
  if (waitMs > 0) {
    // They need the lease to write.
    await releaseFlightLease(flight);
    await flight.rest(waitMs);
    return 'lock_again';
  }
  let read: Stored | undefined = stored;
  // Taking a lock has shown that the store can be written. Without a lock a write shows it, before a token is spent.
  if (context.store.lock === undefined) read = await replaceStored(context, stored, stored.envelope);
  if (read === undefined) return 'read_again';
  await assertClientMayTry(context, account, read.envelope.guard, 'refresh');
  if (account.hasSignedOutSince(flight)) throw context.error('signed_out');
  if (!flight.isLeaseHeld) return 'lock_again';
  const isBroken = read.envelope.guard.refreshFails?.isBroken === true;
  const startedAt = context.clock.monotonic();
  let tokens: TokenSet;
  try {
    tokens = await sendRefreshToken(
      context,
      account,
      flight,
      parent,
      !isBroken && !wasLost(account, read, parent),
    );
  } catch (thrown) {
    const error = thrown as AuthError;
    if (error.code === 'signed_out') throw error;
    if (error.code === 'client_refused') throw await clientRefused(context, account, read, error, false);
    if (error.code !== 'refresh_refused') return insteadOfRefresh(context, account, flight, read, error);
    // Either the session is over, or somebody else has spent the refresh token: read the store again to find out.
    account.refreshTokenSpent(parent.id);
    flight.wasRefused = true;
    return 'read_again';
  }
  account.refreshTokenSpent(parent.id);
  account.refreshEndpointSeen(false);
  context.emit({
    type: 'refresh',
    tokenId: tokens.id,
    previousId: parent.id,
    previousAgeMs: ageOf(parent, tokens.issuedAt),
    durationMs: elapsedMs(context.clock, startedAt),
  });
  return commit(context, account, flight, read, tokens, 'refresh');
}

/**
 * A set that was written back after a loss of data may have been refreshed since by a process that is yet to write. Clocks
 * differ: this process counts from when it first saw the set, unless that was written long ago.
 */
function othersMayRestoreFor(
  { clock }: SessionContext,
  { facts: { restoredSeenAt } }: Account,
  { envelope: { restoredAt } }: Stored,
): number {
  if (restoredAt === undefined || Math.abs(clock.now() - restoredAt) > limits.clockAheadMs) return 0;
  return limits.restoredMs - (clock.monotonic() - (restoredSeenAt ?? clock.monotonic()));
}

/** A refresh has failed: a login stands in for it where the endpoint is broken. @throws AuthError otherwise */
async function insteadOfRefresh(
  context: SessionContext,
  account: Account,
  flight: Flight,
  read: Stored,
  error: AuthError,
): Promise<Outcome> {
  const { clock, provider, random } = context;
  const { guard, tokens } = read.envelope;
  const now = clock.now();
  const refreshFails = refreshFailsAfter(guard, error, now);
  account.refreshEndpointSeen(refreshFails?.isBroken === true);
  const noted = refreshFails === undefined ? guard : { ...guard, refreshFails };
  const next = { ...read, envelope: { ...read.envelope, guard: noted } };
  const isPossible = provider.prepareLogin !== undefined && flight.hasWaiters && !account.isUsable(context);
  const mayLogIn = isPossible && mayLogInInstead(noted, tokens, now);
  // The pause holds back the next calls where the login cannot be sent either: it is blocked, or the vault is away.
  const { paused, written } = await pause(context, account, flight, next, error);
  if (!mayLogIn || written === undefined) throw paused;
  account.triedInstead(clock);
  if (refreshFails?.logins === undefined) await flight.rest(limits.brokenLoginSpreadMs * random());
  return login(context, account, flight, written);
}

/** Whether an answer to this very token was lost before, here or in another process. */
function wasLost(account: Account, read: Stored, parent: TokenSet): boolean {
  return [account.facts.lostId, read.envelope.guard.lostId].includes(parent.id);
}

/**
 * Sends the refresh token, and after a lost answer sends it once more under the same lease: the lost answer may hide a
 * rotation, and servers accept the old token only for a short grace. `mayResend` is false if an earlier flight has lost
 * an answer to this token already.
 */
async function sendRefreshToken(
  context: SessionContext,
  account: Account,
  flight: Flight,
  parent: TokenSet,
  mayResend: boolean,
): Promise<TokenSet> {
  const { clock, random } = context;
  try {
    return await sendOnce(context, account, flight, parent, mayResend);
  } catch (thrown) {
    const error = thrown as AuthError;
    if (!mayResend || !isAnswerLost(error)) throw error;
    await sleep(clock, limits.resendMinMs + (limits.resendMaxMs - limits.resendMinMs) * random()).done;
    if (account.hasSignedOutSince(flight)) throw context.error('signed_out');
    if (!flight.isLeaseHeld) throw error;
    return sendOnce(context, account, flight, parent, false);
  }
}

async function sendOnce(
  context: SessionContext,
  account: Account,
  flight: Flight,
  parent: TokenSet,
  mayResend: boolean,
): Promise<TokenSet> {
  const { clock, provider } = context;
  flight.sent = sentNow(clock, provider.issuer);
  try {
    return await callServer(context, 'refresh', async (exchangeContext) => {
      const sentAt = clock.now();
      const { refresh: send } = provider as Required<AuthProvider>;
      return tokenSetFrom(await send.call(provider, parent, exchangeContext), sentAt, parent);
    });
  } catch (thrown) {
    const error = thrown as AuthError;
    const isLost = isAnswerLost(error);
    if (isLost) account.answerLost(parent.id);
    emitFailure(context, 'refresh', error, flight.sent.at, mayResend && isLost);
    throw error;
  }
}
