import type { Account } from '../account.js';
import type { SessionContext } from '../context.js';
import { type Envelope, lineageOf } from '../envelope.js';
import * as limits from '../limits.js';
import { readStored } from '../records.js';
import type { TokenSet } from '../tokens.js';
import { callServer } from './call-server.js';
import { contention, replaceStored } from './replace-stored.js';

/** Writes the sign-out, returns the set that the store held. @throws AuthError `store_failed`: others were not told */
export async function writeSignOut(context: SessionContext, account: Account): Promise<TokenSet | undefined> {
  for (let round = 0; round < limits.flightRounds; round++) {
    const stored = await readStored(context);
    const endedLineage = context.store.dataId && lineageOf(stored.envelope);
    account.signOutEnds(endedLineage);
    const signedOutAt = context.clock.now();
    account.signOutKnown(signedOutAt);
    const envelope = afterSignOut(stored.envelope, endedLineage, signedOutAt);
    if ((await replaceStored(context, stored, envelope)) !== undefined) return stored.envelope.tokens;
  }
  throw contention(context, 'the sign-out could not be saved');
}

/**
 * Writes a sign-out back that the store has lost, over whatever was written back of the login that it ended. A set of another
 * login stands: somebody has signed in since.
 */
export async function restoreSignOut(context: SessionContext, account: Account): Promise<void> {
  for (let round = 0; round < limits.flightRounds && account.facts.isSignOutLost; round++) {
    const { signedOutAt = context.clock.now(), endedLineage } = account.facts;
    const stored = await readStored(context);
    const { tokens } = stored.envelope;
    const isOther = tokens !== undefined && lineageOf(stored.envelope) !== endedLineage;
    if (stored.envelope.signedOutAt !== undefined || isOther) return account.signOutRestored();
    account.signOutKnown(signedOutAt);
    const envelope = afterSignOut(stored.envelope, endedLineage, signedOutAt);
    if ((await replaceStored(context, stored, envelope)) !== undefined) return account.signOutRestored();
  }
}

/** What a sign-out leaves of a record: the guard, and which login it has ended. */
function afterSignOut(envelope: Envelope, endedLineage: string | undefined, signedOutAt: number): Envelope {
  const lineage = endedLineage ?? envelope.lineage;
  return { ...envelope, lineage, tokens: undefined, restoredAt: undefined, signedOutAt };
}

/** Revokes the set that was in hand at a sign-out, and the set that was stored. */
export async function revokeSignedOut(
  context: SessionContext,
  account: Account,
  inHand: TokenSet | undefined,
  stored: TokenSet | undefined,
): Promise<void> {
  for (const tokens of [inHand, stored?.id === inHand?.id ? undefined : stored]) {
    // To the server, a refresh token that it has already answered would look stolen.
    if (tokens !== undefined && !account.isSpent(tokens.id)) await revoke(context, tokens);
  }
}

/** Revokes a set, if the provider can. A failure is ignored: the server then keeps the session until it expires. */
export async function revoke(context: SessionContext, tokens: TokenSet): Promise<void> {
  const { provider } = context;
  if (provider.revoke === undefined) return;
  await callServer(context, 'revoke', async (exchangeContext) =>
    provider.revoke?.(tokens, exchangeContext),
  ).catch(() => {});
}
