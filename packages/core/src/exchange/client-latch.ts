import type { Account } from '../account.js';
import type { SessionContext } from '../context.js';
import { doubling } from '../cool-down.js';
import { withDeadline } from '../deadline.js';
import type { ClientLatch, Guard, Stored } from '../envelope.js';
import { AuthError, type AuthPhase } from '../errors.js';
import * as limits from '../limits.js';
import { reasonOf } from '../reason.js';
import { vaultAsked, wasJustAsked } from './asked-vaults.js';
import { digestOf, earlierHashes, slowHash } from './latch.js';
import { noteFailure, saveGuard } from './save-guard.js';

/**
 * Lets an exchange pass unless the server has refused the client and nothing has changed since: the client's secrets
 * are the same, and the time for a probe has not come.
 *
 * @throws AuthError `client_refused`, with nothing sent
 */
export async function assertClientMayTry(
  context: SessionContext,
  account: Account,
  guard: Guard,
  phase: AuthPhase,
): Promise<void> {
  for (const latch of clientLatchesOn(account, guard)) await assertLifted(context, latch, phase);
}

/** A refusal of this process's that could not be saved, and the stored one: others may have been refused since. */
function clientLatchesOn({ facts }: Account, guard: Guard): readonly ClientLatch[] {
  return [facts.client, guard.client].filter((latch) => latch !== undefined);
}

async function assertLifted(context: SessionContext, latch: ClientLatch, phase: AuthPhase): Promise<void> {
  const now = context.clock.now();
  // A latch that a clock far ahead has dated would stand until its dates have come: it is tried, and dated anew.
  if (now >= latch.retryAt || latch.at - now > limits.clockAheadMs) return;
  const refused = [latch.hash, ...(latch.otherHashes ?? [])];
  if (!refused.some((each) => wasJustAsked(context, each))) {
    const hash = await clientHash(context);
    if (!refused.includes(hash)) return;
    vaultAsked(context, hash);
  }
  const { at: blockedAt, retryAt } = latch;
  throw context.error('client_refused', {
    phase,
    delivery: 'not_sent',
    blockedAt,
    retryAt,
    detail: 'it was refused before; nothing is sent until retryAt, new secrets or signIn()',
  });
}

/** Notes that the server refused the client, here and in the store. Returns the error with its `retryAt`. */
export async function clientRefused(
  context: SessionContext,
  account: Account,
  read: Stored,
  error: AuthError,
  isSignIn: boolean,
): Promise<AuthError> {
  const { clock, random } = context;
  const at = clock.now();
  const latches = clientLatchesOn(account, read.envelope.guard);
  const [standing] = latches;
  // A person who tries again and again does not put off the probe.
  const count = (standing?.count ?? 0) + (isSignIn && standing !== undefined ? 0 : 1);
  // Spread, so that a hundred thousand accounts of one client do not probe at once.
  const waitMs = doubling(count, limits.clientProbeMinMs, limits.clientProbeMaxMs) * (1 + random() / 4);
  const hash = await clientHash(context).catch(() => '');
  const retryAt = Math.ceil(at + waitMs);
  const latch = { hash, otherHashes: earlierHashes(hash, latches), at, count, retryAt };
  vaultAsked(context, hash);
  account.clientRefused(latch);
  const isSaved = await saveGuard(context, read, (guard) => ({
    ...noteFailure(guard, error, at),
    client: latch,
  }));
  if (isSaved) account.clientRefused(undefined);
  return new AuthError('client_refused', { ...error, blockedAt: at, retryAt });
}

/** The slow hash of the client's secrets alone: the same for all accounts of a client, and so made once a process. */
async function clientHash({ provider, clock, timeouts }: SessionContext): Promise<string> {
  const failed = (detail: string): AuthError =>
    new AuthError('credentials_unavailable', { provider: provider.name, delivery: 'not_sent', detail });
  // The error of a vault's client may hold the secret: pass on only its code or class name.
  const asked = (async () => provider.clientSecrets?.() ?? [])().catch((error: unknown) => {
    throw failed(`clientSecrets threw ${reasonOf(error)}`);
  });
  const late = (): AuthError => failed('clientSecrets took too long');
  const secrets = await withDeadline(clock, timeouts.credentialsMs, late, asked);
  if (!Array.isArray(secrets)) throw failed('clientSecrets gave no list of texts');
  return slowHash(secrets, await digestOf(['client', provider.name, provider.issuer]));
}
