import type { Account } from '../account.js';
import type { SessionContext } from '../context.js';
import { pendingCallsSettled } from '../pending-calls.js';
import { sleep } from './within.js';

/** Waits, at most `limitMs`, for flights, saves, sign-outs and calls under way. Holds the process open meanwhile. */
export async function workEnded(context: SessionContext, account: Account, limitMs: number): Promise<void> {
  const limit = sleep(context.clock, limitMs);
  let isOver = false;
  limit.done.then(() => {
    isOver = true;
  });
  account.closing(true);
  // A save that waits for its next attempt is tried now.
  account.trailing?.stopSaving();
  for (let work = workOf(account); work !== undefined && !isOver; work = workOf(account))
    await Promise.race([work, limit.done]);
  limit.cancel();
  account.closing(false);
}

function workOf(account: Account): Promise<unknown> | undefined {
  const { flight, trailing, facts } = account;
  return flight?.done ?? trailing?.done ?? facts.signingOut ?? pendingCallsSettled(account);
}
