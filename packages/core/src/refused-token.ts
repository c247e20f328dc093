import type { Account } from './account.js';
import { callOn } from './accounts.js';
import type { ApiAnswer } from './auth-session.js';
import type { SessionContext } from './context.js';
import * as limits from './limits.js';
import { loadExchangeHalf } from './load-exchange-half.js';
import { ageOf, type TokenSet } from './tokens.js';
import { waitForToken } from './wait-for-token.js';

/** The sets handed out for replays. The answer to a replay tells whether the exchange was of use. */
const replays = new WeakSet<TokenSet>();

/**
 * What follows from an answer to a request that carried `sent`: a set for a replay, which may take an exchange, or
 * nothing. That is decided at once, so that a refused answer need not wait with its connection. After a replay, the
 * promise only says when what it has shown is saved.
 */
export function afterAnswer(
  context: SessionContext,
  account: Account,
  sent: TokenSet,
  answer: ApiAnswer,
  signal: AbortSignal | undefined,
): Promise<TokenSet | undefined> | undefined {
  const origin = originOf(answer.url);
  const { tokens } = account;
  const isOld = tokens !== undefined && tokens.id !== sent.id;
  const isRefusal = context.isRejection(answer, isOld && !replays.has(sent));
  if (replays.delete(sent)) {
    if (isRefusal) emitRejected(context, sent, answer.status, true);
    const isNews = isRefusal
      ? account.replayRefused(context.clock, origin, sent.id)
      : answer.status < 500 && answer.status !== 429 && account.replayAccepted(origin);
    return isNews ? levelsSaved(context, account, sent) : undefined;
  }
  if (!isRefusal) return undefined;
  if (tokens?.id === sent.id && !isReasonForExchange(context, account, tokens, origin, answer.status))
    return undefined;
  const need = { unlike: sent.id, rejected: sent.accessToken, signal };
  return waitForToken(context, account, need).then(forReplay);
}

/** The set to use after `rejected`, the access token in hand, was refused somewhere. */
export async function afterRejected(
  context: SessionContext,
  account: Account,
  rejected: TokenSet,
  signal: AbortSignal | undefined,
): Promise<TokenSet> {
  const { clock } = context;
  // This caller's answers are not seen: a replacement that is named soon after its exchange was refused in its replay.
  const isReplay = account.facts.replacementId === rejected.id;
  const isRefusedReplay = isReplay && account.held.ageMs(clock) < limits.namedReplayMs;
  const isNews = isRefusedReplay && account.replayRefused(clock, '', rejected.id);
  const saving = isNews ? levelsSaved(context, account, rejected) : undefined;
  if (!isReasonForExchange(context, account, rejected, '', 401)) {
    await saving;
    return rejected;
  }
  const need = { unlike: rejected.id, rejected: rejected.accessToken, signal };
  const tokens = await waitForToken(context, account, need);
  account.replacementHandedOut(tokens.id);
  return tokens;
}

/** Stores what a replay has shown: this process may end with its call, and others may run beside it. */
function levelsSaved(context: SessionContext, account: Account, sent: TokenSet): Promise<undefined> {
  const saving = loadExchangeHalf(context).then(({ saveRefusals }) =>
    saveRefusals(context, account, sent.id),
  );
  const nothing = (): undefined => undefined;
  return callOn(account, saving.then(nothing, nothing));
}

/** Whether a refusal of the set in hand is a reason for an exchange. Later refusals of the same set do not count. */
function isReasonForExchange(
  context: SessionContext,
  account: Account,
  tokens: TokenSet,
  origin: string,
  status: number,
): boolean {
  if (account.isRefused(tokens.id)) return true;
  const counts = account.refused(context.clock, tokens, origin);
  emitRejected(context, tokens, status, !counts);
  return counts;
}

function emitRejected(context: SessionContext, tokens: TokenSet, status: number, ignored: boolean): void {
  const ageMs = ageOf(tokens, context.clock.now());
  context.emit({ type: 'token_rejected', tokenId: tokens.id, ageMs, status, ignored });
}

/** A copy, told apart from the set that other requests carry. */
function forReplay(tokens: TokenSet): TokenSet {
  const copy = Object.freeze({ ...tokens });
  replays.add(copy);
  return copy;
}

function originOf(url: string | undefined): string {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : '';
}
