import type { Account } from './account.js';
import type { SessionContext } from './context.js';
import type { Stored } from './envelope.js';
import { AuthError } from './errors.js';
import { exchange } from './exchange.js';
import { limits } from './limits.js';
import { readStored, replaceStored } from './records.js';
import type { TokenSet } from './tokens.js';

/**
 * Ends the session here, in the store, and, where the provider can, on the server.
 *
 * @throws AuthError `store_failed` where the store could not be told; here it holds all the same
 */
export async function signOut(context: SessionContext, account: Account): Promise<void> {
  const inHand = account.tokens;
  endHere(account);
  const writing = writeSignOut(context, account);
  const over = writing.then(
    () => {},
    () => {},
  );
  account.signingOut = over;
  const stored = await writing.catch(() => undefined);
  if (account.signingOut === over) account.signingOut = undefined;
  for (const tokens of [inHand, stored?.id === inHand?.id ? undefined : stored]) {
    // One that the server has answered would look stolen.
    if (tokens !== undefined && !account.isSpent(tokens.id)) await revoke(context, tokens);
  }
  await writing;
}

/**
 * Takes note of a sign-out found in the store, and says whether it is news. One from before this process first looked
 * is history unless it is younger than the session: a program started later may log in.
 */
export function noteSignOut(account: Account, stored: Stored): boolean {
  const { signedOutAt } = stored.envelope;
  const isRecent = account.hasRead || (signedOutAt ?? 0) > account.createdAt;
  account.hasRead = true;
  if (signedOutAt === undefined || signedOutAt === account.knownSignOutAt) return false;
  account.knownSignOutAt = signedOutAt;
  if (!isRecent || account.signedOut) return false;
  endHere(account);
  return true;
}

export function signedOutError(context: SessionContext): AuthError {
  return new AuthError('signed_out', { provider: context.provider.name });
}

/** As well as can be: a session that is over for us may live on there until it expires. */
export async function revoke(context: SessionContext, tokens: TokenSet): Promise<void> {
  const { provider } = context;
  if (provider.revoke === undefined) return;
  await exchange(context, 'revoke', async (exchangeContext) =>
    provider.revoke?.(tokens, exchangeContext),
  ).catch(() => {});
}

function endHere(account: Account): void {
  account.signedOut = true;
  account.signOuts++;
  account.unsaved = undefined;
  account.drop();
  for (const context of account.contexts) context.emit({ type: 'signed_out' });
}

/** Returns the set that stood there. @throws AuthError `store_failed`: others were not told */
async function writeSignOut(context: SessionContext, account: Account): Promise<TokenSet | undefined> {
  for (let round = 0; round < limits.flightRounds; round++) {
    const stored = await readStored(context);
    const { tokens, guard } = stored.envelope;
    const signedOutAt = context.clock.now();
    account.knownSignOutAt = signedOutAt;
    if ((await replaceStored(context, stored, { signedOutAt, guard })) !== undefined) return tokens;
  }
  throw new AuthError('store_failed', {
    provider: context.provider.name,
    detail: 'the sign-out could not be saved',
  });
}
