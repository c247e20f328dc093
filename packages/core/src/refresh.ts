import type { Account } from './account.js';
import { elapsedMs } from './clock.js';
import { commit } from './commit.js';
import { sleep } from './deadline.js';
import type { Stored } from './envelope.js';
import type { AuthError } from './errors.js';
import { exchange, isAnswerLost } from './exchange.js';
import type { Flight, Outcome } from './flight.js';
import { limits } from './limits.js';
import { pauseAfter } from './pause.js';
import type { AuthProvider } from './provider.js';
import { replaceStored } from './records.js';
import { signedOutError } from './sign-out.js';
import { ageOf, type TokenSet, tokenSetFrom } from './tokens.js';

/** Presents the stored set's refresh token, at most twice, and saves what comes back. */
export async function refresh(flight: Flight, stored: Stored, parent: TokenSet): Promise<Outcome> {
  const { context, account } = flight;
  let read: Stored | undefined = stored;
  // Taking a lock has shown that the store can be written. Without one a write shows it, before a token is spent.
  if (context.store.lock === undefined) read = await replaceStored(context, stored, stored.envelope);
  if (read === undefined) return 'read_again';
  if (flight.overtakenBySignOut) throw signedOutError(context);
  if (!flight.lease.held()) return 'lock_again';
  const startedAt = context.clock.monotonic();
  let tokens: TokenSet;
  try {
    tokens = await present(flight, parent, !wasLost(account, read, parent));
  } catch (thrown) {
    const error = thrown as AuthError;
    if (error.code === 'signed_out') throw error;
    if (error.code !== 'refresh_refused') throw await pauseAfter(flight, read, error);
    // Refused: by the server's word, or because somebody else has spent it. The store knows.
    account.spend(parent.id);
    flight.wasRefused = true;
    return 'read_again';
  }
  account.spend(parent.id);
  context.emit({
    type: 'refresh',
    tokenId: tokens.id,
    previousId: parent.id,
    previousAgeMs: ageOf(parent, tokens.issuedAt),
    durationMs: elapsedMs(context.clock, startedAt),
  });
  return commit(flight, read, tokens);
}

/** Whether an answer to this very token was lost before, here or in another process. */
function wasLost(account: Account, read: Stored, parent: TokenSet): boolean {
  return [account.lostId, read.envelope.guard.lostId].includes(parent.id);
}

/**
 * A lost answer may hide a rotation, and servers forgive the same token only at once: it goes out once more, under
 * the same lease. Where an earlier flight has lost one already, it is sent once.
 */
async function present(flight: Flight, parent: TokenSet, mayResend: boolean): Promise<TokenSet> {
  const { clock, random } = flight.context;
  try {
    return await presentOnce(flight, parent, mayResend);
  } catch (thrown) {
    const error = thrown as AuthError;
    if (!mayResend || !isAnswerLost(error)) throw error;
    await sleep(clock, limits.resendMinMs + (limits.resendMaxMs - limits.resendMinMs) * random()).done;
    if (flight.overtakenBySignOut) throw signedOutError(flight.context);
    if (!flight.lease.held()) throw error;
    return presentOnce(flight, parent, false);
  }
}

async function presentOnce(flight: Flight, parent: TokenSet, mayResend: boolean): Promise<TokenSet> {
  const { context } = flight;
  const { clock, provider } = context;
  const startedAt = clock.monotonic();
  try {
    return await exchange(context, 'refresh', async (exchangeContext) => {
      const sentAt = clock.now();
      const issued = await (provider.refresh as NonNullable<AuthProvider['refresh']>)(
        parent,
        exchangeContext,
      );
      return tokenSetFrom(issued, sentAt, parent);
    });
  } catch (thrown) {
    const error = thrown as AuthError;
    if (isAnswerLost(error)) flight.account.lostId = parent.id;
    context.emitFailure('refresh', error, elapsedMs(clock, startedAt), mayResend && isAnswerLost(error));
    throw error;
  }
}
