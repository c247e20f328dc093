import type { Account } from './account.js';
import { leaveAccount, rejoinAccount } from './accounts.js';
import type { SessionContext } from './context.js';
import { loadExchangeHalf } from './load-exchange-half.js';

/** The end of a session: it takes no new calls, and those that began before go on. */
export class SessionEnd {
  readonly #context: SessionContext;
  readonly #account: Account;
  #hasLeft = false;
  #closed: Promise<void> | undefined;

  constructor(context: SessionContext, account: Account) {
    this.#context = context;
    this.#account = account;
  }

  /** Leaves the account once its work has ended, at most `timeoutMs` from now. */
  close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#close(timeoutMs);
    return this.#closed;
  }

  leave(): void {
    if (!this.#hasLeft) leaveAccount(this.#account, this.#context);
    this.#hasLeft = true;
  }

  /** Joins the account again for one call that began before the end, until the promise that it returns has settled. */
  rejoinFor<Result>(call: (account: Account) => Promise<Result> | undefined): Promise<Result> | undefined {
    const account = rejoinAccount(this.#context, this.#account);
    const leave = (): void => leaveAccount(account, this.#context);
    const result = call(account);
    if (result === undefined) leave();
    return result?.finally(leave);
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#account.unscheduleFor(this.#context);
    const half = await loadExchangeHalf(this.#context).catch(() => undefined);
    await half?.workEnded(this.#context, this.#account, timeoutMs);
    this.leave();
  }
}
