import type { Account } from './account.js';
import type { SessionContext } from './context.js';
import type { Stored } from './envelope.js';
import type { Flight } from './flight.js';
import { learn, nextStep, type Step } from './next-step.js';
import { readStored } from './records.js';

/** Reads the store and decides the next step. The account learns what was read, a sign-in learns of past sign-outs. */
export async function look(
  context: SessionContext,
  account: Account,
  flight: Flight,
): Promise<{ readonly stored: Stored; readonly step: Step }> {
  const stored = await readStored(context, flight.stored);
  flight.stored = stored;
  account.held.readClock(context.clock);
  const { step, facts } = nextStep(context, account, stored, flight);
  learn(context, account, stored, facts);
  // A sign-out that a sign-in finds in the store came before the sign-in.
  if (facts.isSignOutNews && flight.plan.kind !== 'refresh') flight.signOutsSeen = account.facts.signOuts;
  return { stored, step };
}
