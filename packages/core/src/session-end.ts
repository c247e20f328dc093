import type { Account } from './account.js';
import { joinAccount, leaveAccount, pendingCallsSettled } from './accounts.js';
import type { SessionContext } from './context.js';
import { sleep } from './deadline.js';
import * as limits from './limits.js';
import { startFlight } from './schedule-refresh.js';

/** The end of a session: it takes no new calls, and those that began before go on. */
export class SessionEnd {
  readonly #context: SessionContext;
  readonly #account: Account;
  #hasLeft = false;
  /** The account that is joined again, and for how many calls. */
  #rejoined: Account | undefined;
  #calls = 0;
  #closed: Promise<void> | undefined;

  constructor(context: SessionContext, account: Account) {
    this.#context = context;
    this.#account = account;
  }

  /** Leaves the account once its work has ended, at most `timeoutMs` from now. */
  close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#close(timeoutMs > 0 ? Math.min(timeoutMs, limits.timerMaxMs) : 0);
    return this.#closed;
  }

  leave(): void {
    if (!this.#hasLeft) leaveAccount(this.#account, this.#context);
    this.#hasLeft = true;
  }

  /** Joins the account again for calls that began before the end, until the promises that they return have settled. */
  rejoinFor<Result>(call: (account: Account) => Promise<Result> | undefined): Promise<Result> | undefined {
    if (!this.#hasLeft) return call(this.#account);
    this.#rejoined ??= joinAccount(this.#context, this.#account);
    const account = this.#rejoined;
    this.#calls++;
    const leave = (): void => {
      if (--this.#calls > 0) return;
      this.#rejoined = undefined;
      leaveAccount(account, this.#context);
    };
    const result = call(account);
    if (result === undefined) leave();
    return result?.finally(leave);
  }

  async #close(timeoutMs: number): Promise<void> {
    // Where this was the only session, nothing needs a timer.
    if (this.#account.contexts.every((each) => each === this.#context)) this.#account.unschedule();
    await workEnded(this.#context, this.#account, timeoutMs);
    this.leave();
  }
}

/** Waits, at most `limitMs`, for flights, saves, sign-outs and calls under way. Holds the process open meanwhile. */
async function workEnded(context: SessionContext, account: Account, limitMs: number): Promise<void> {
  const limit = sleep(context.clock, limitMs);
  let isOver = false;
  limit.done.then(() => {
    isOver = true;
  });
  account.closingBegan();
  // A save that waits for its next attempt is tried now.
  account.finishing?.stopSaving();
  for (let work = workOf(context, account); work !== undefined && !isOver; work = workOf(context, account))
    await Promise.race([work, limit.done]);
  limit.cancel();
  account.closingEnded();
}

function workOf(context: SessionContext, account: Account): Promise<unknown> | undefined {
  const { flight, finishing, facts } = account;
  const underWay = flight?.done ?? finishing?.done ?? facts.signOutUnderWay ?? pendingCallsSettled(account);
  return underWay ?? (account.holdsUnsaved ? savedNow(context, account) : undefined);
}

/** Where no work may outlive a call, a failed save is left to the next call. After the last one it is tried here. */
async function savedNow(context: SessionContext, account: Account): Promise<void> {
  await startFlight(context, account, { kind: 'refresh', isEarly: true, byTimer: true, isMaintenance: true })
    .done;
  if (account.facts.unsaved !== undefined) await sleep(context.clock, limits.closingSaveMs, true).done;
}
