import { elapsedMs } from './clock.js';
import { commit } from './commit.js';
import type { SessionContext } from './context.js';
import { sleep, within } from './deadline.js';
import type { Guard, Latch, Stored } from './envelope.js';
import { AuthError, isAuthError } from './errors.js';
import { exchange, reasonOf, toAuthError } from './exchange.js';
import type { Flight, FlightPlan, Outcome } from './flight.js';
import { isLatched, latchOf, nextLoginAt, withLogin } from './guard.js';
import { limits } from './limits.js';
import { pauseAfter } from './pause.js';
import type { PreparedLogin } from './provider.js';
import { readStored, replaceStored } from './records.js';
import { signedOutError } from './sign-out.js';
import { type TokenSet, tokenSetFrom } from './tokens.js';

/** Sends the password, if the guard lets it: the only place that does. */
export async function login(flight: Flight, stored: Stored): Promise<Outcome> {
  const { context, account, plan } = flight;
  const { provider, clock } = context;
  const { guard, tokens } = stored.envelope;
  if (tokens?.refreshToken !== undefined && account.isSpent(tokens.id)) {
    return forgetRefreshToken(flight, stored, tokens);
  }
  if (!flight.wanted) {
    throw new AuthError('refresh_refused', { provider: provider.name, detail: 'a timer never logs in' });
  }
  const prepare = plan.prepare ?? provider.prepareLogin?.bind(provider);
  if (prepare === undefined) return giveUp(flight, stored);
  const prepared = await permittedSecrets(flight, guard, prepare);
  if (flight.wasRefused) await sleep(clock, limits.loginSpreadMs * context.random()).done;
  // Written before it is sent: a process that dies in between, and starts again and again, is counted too.
  const writtenAt = clock.monotonic();
  const counted = { ...stored.envelope, guard: withLogin(guard, clock.now(), context.maxLoginsPerHour) };
  const read = await replaceStored(context, stored, counted);
  // Stopped in between, it would be sent in an hour in which nobody counts it.
  if (read === undefined || clock.monotonic() - writtenAt > limits.loginSendMs) return 'read_again';
  if (flight.overtakenBySignOut) throw signedOutError(context);
  if (!flight.lease.held()) return 'lock_again';
  account.countLogin(clock);
  const startedAt = clock.monotonic();
  let issued: TokenSet | undefined;
  try {
    issued = await send(flight, prepared);
  } catch (thrown) {
    const error = thrown as AuthError;
    context.emitFailure('login', error, elapsedMs(clock, startedAt), false);
    if (error.code !== 'invalid_credentials') throw await pauseAfter(flight, read, error);
    await block(flight, read, prepared);
    throw error;
  }
  if (issued === undefined) return undefined;
  account.latch = undefined;
  context.emit({ type: 'login', tokenId: issued.id, durationMs: elapsedMs(clock, startedAt) });
  return commit(flight, read, issued, read.envelope.guard.latch?.hash);
}

/** @throws AuthError `login_blocked`, `rate_limited` or `credentials_unavailable`, with nothing sent */
async function permittedSecrets(
  flight: Flight,
  guard: Guard,
  prepare: NonNullable<FlightPlan['prepare']>,
): Promise<PreparedLogin<unknown>> {
  const { context, account, plan } = flight;
  const { provider, clock } = context;
  const latch = plan.kind === 'sign_in' ? undefined : (account.latch ?? guard.latch);
  const isConfigured = plan.typed !== true;
  if (latch !== undefined && isConfigured && wasJustAsked(context, latch)) throw blocked(context, latch);
  const retryAt = account.nextLoginAt(context) ?? nextLoginAt(guard, clock.now(), context.maxLoginsPerHour);
  if (retryAt !== undefined) {
    const detail = 'maxLoginsPerHour is reached';
    throw new AuthError('rate_limited', { provider: provider.name, phase: 'login', retryAt, detail });
  }
  flight.prepared ??= await obtainSecrets(context, prepare);
  if (latch !== undefined && (await isLatched(latch, flight.prepared.secrets))) {
    if (isConfigured) context.askedAbout = { latchHash: latch.hash, at: clock.monotonic() };
    throw blocked(context, latch);
  }
  return flight.prepared;
}

function send({ context, plan }: Flight, prepared: PreparedLogin<unknown>): Promise<TokenSet | undefined> {
  return exchange(context, 'login', async (exchangeContext) => {
    const sentAt = context.clock.now();
    const issued = await prepared.login(exchangeContext);
    return plan.kind === 'verify' ? undefined : (tokenSetFrom(issued, sentAt) as TokenSet);
  });
}

async function obtainSecrets(
  context: SessionContext,
  prepare: NonNullable<FlightPlan['prepare']>,
): Promise<PreparedLogin<unknown>> {
  const { clock, timeouts, provider } = context;
  const failed = (detail: string): AuthError =>
    new AuthError('credentials_unavailable', {
      provider: provider.name,
      phase: 'login',
      delivery: 'not_sent',
      detail,
    });
  try {
    return await within(clock, timeouts.credentialsMs, () => failed('it took too long'), prepare);
  } catch (error) {
    // What a vault's client throws may hold the secret: its words stay here.
    if (!isAuthError(error) || error.code !== 'credentials_unavailable')
      throw failed(`it threw ${reasonOf(error)}`);
    throw toAuthError(error, { provider: provider.name, phase: 'login' });
  }
}

/** Leaves the latch that no login passes until the secrets change, in memory where it cannot be saved. */
async function block(flight: Flight, read: Stored, prepared: PreparedLogin<unknown>): Promise<void> {
  const { context, account, plan } = flight;
  const at = context.clock.now();
  const standing = account.latch ?? read.envelope.guard.latch;
  // What a person mistyped must not lift the latch on the configured password.
  const latch =
    plan.typed === true && standing !== undefined ? standing : await latchOf(prepared.secrets, at);
  if (plan.typed !== true) context.askedAbout = { latchHash: latch.hash, at: context.clock.monotonic() };
  account.latch = latch;
  if (await saveLatch(context, read, latch)) account.latch = undefined;
  context.emit({ type: 'login_blocked', blockedAt: latch.at });
}

async function saveLatch(context: SessionContext, read: Stored, latch: Latch): Promise<boolean> {
  let base = read;
  for (let round = 0; round < limits.flightRounds; round++) {
    try {
      const guard: Guard = { ...base.envelope.guard, latch, failures: 0 };
      if ((await replaceStored(context, base, { ...base.envelope, guard })) !== undefined) return true;
      base = await readStored(context);
    } catch {
      return false;
    }
  }
  return false;
}

/** No credentials: where the stored set is dead, the session is over, and the store says so to all who share it. */
async function giveUp({ context, account }: Flight, stored: Stored): Promise<'read_again'> {
  const { tokens, ...rest } = stored.envelope;
  if (tokens !== undefined) {
    const isOver = (tokens.expiresAt ?? Number.POSITIVE_INFINITY) <= context.clock.now();
    const isDead = isOver || account.isSpent(tokens.id) || account.isRefused(tokens.id);
    if (isDead && (await replaceStored(context, stored, rest)) === undefined) return 'read_again';
  }
  throw new AuthError('reauthentication_required', { provider: context.provider.name });
}

/** So that no other process presents what the server has refused. */
async function forgetRefreshToken(
  { context }: Flight,
  stored: Stored,
  tokens: TokenSet,
): Promise<'read_again'> {
  const { refreshToken: _, refreshExpiresAt: __, ...rest } = tokens;
  await replaceStored(context, stored, { ...stored.envelope, tokens: rest });
  return 'read_again';
}

function wasJustAsked({ askedAbout, clock }: SessionContext, latch: Latch): boolean {
  return askedAbout?.latchHash === latch.hash && clock.monotonic() - askedAbout.at < limits.latchedVaultMs;
}

function blocked(context: SessionContext, latch: Latch): AuthError {
  context.emit({ type: 'login_blocked', blockedAt: latch.at });
  return new AuthError('login_blocked', {
    provider: context.provider.name,
    phase: 'login',
    delivery: 'not_sent',
    blockedAt: latch.at,
  });
}
