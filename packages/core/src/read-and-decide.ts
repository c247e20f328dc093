import type { Account } from './account.js';
import type { SessionContext } from './context.js';
import type { Stored } from './envelope.js';
import type { AuthError } from './errors.js';
import type { Flight } from './flight.js';
import { getOrAdd } from './get-or-add.js';
import * as limits from './limits.js';
import { Line } from './line.js';
import { noticeLoss } from './lost-data.js';
import { learn, nextStep, type Step } from './next-step.js';
import { readStored } from './records.js';
import type { TokenStore } from './store.js';

/** The accounts that wait for their first read after missed notifications, by store. */
const lines = new WeakMap<TokenStore, Line>();

/**
 * Reads the store, unless it was `read` just now, and decides the next step. The account learns what was read, a sign-in
 * learns of past sign-outs.
 */
export async function readAndDecide(
  context: SessionContext,
  account: Account,
  flight: Flight,
  read?: Stored,
): Promise<{ readonly stored: Stored; readonly step: Step }> {
  const stored = read ?? (await readInTurn(context, account, flight));
  const asking = noticeLoss(context, account, stored);
  if (asking !== undefined) await asking;
  flight.stored = stored;
  account.held.readClock(context.clock);
  const { step, facts } = nextStep(context, account, stored, flight);
  learn(context, account, stored, facts);
  // A sign-out that a sign-in finds in the store came before the sign-in.
  if (facts.isSignOutNews && flight.plan.kind !== 'refresh') flight.signOutsSeen = account.facts.signOuts;
  return { stored, step };
}

/**
 * Whether a pause is worth waiting out: a moment ago, after the pause began, the holder of the lease has counted a
 * login that stands in for a refresh. Whoever waits for the lease soon finds its set, or its failure.
 */
export function mayEndSoon(
  { clock, timeouts }: SessionContext,
  { code }: AuthError,
  { envelope: { guard } }: Stored,
): boolean {
  const { loginsAt, notBefore = 0, pauseMs = 0 } = guard;
  const loginAt = loginsAt.at(-1) ?? 0;
  const isRecent = Math.abs(clock.now() - loginAt) < limits.loginSendMs + timeouts.exchangeMs;
  return code !== 'signed_out' && isRecent && loginAt >= notBefore - pauseMs;
}

/** Reads the store. After missed notifications all accounts read, so a limited number of them read at a time. */
async function readInTurn(context: SessionContext, account: Account, flight: Flight): Promise<Stored> {
  if (!account.held.isInDoubt) return readStored(context, flight.stored);
  const line = getOrAdd(lines, context.store, () => new Line(limits.readsInDoubt));
  await new Promise<void>((resolve) => line.enter(resolve));
  const since = context.clock.monotonic();
  try {
    for (;;) {
      const { gaps } = account.held;
      const stored = await readStored(context, flight.stored);
      if (account.held.gaps === gaps) return stored;
    }
  } catch (error) {
    // One after the other they would wait for a store that does not answer: each falls back on its living token.
    if (context.clock.monotonic() - since >= limits.slowReadMs) line.open();
    throw error;
  } finally {
    account.held.doubtEnded(context);
    line.leave();
  }
}
