import type { Account } from './account.js';
import { freeUnused } from './accounts.js';
import { keepSaving, saveUnsaved } from './commit.js';
import type { SessionContext } from './context.js';
import { type Decision, decide } from './decide.js';
import type { Stored } from './envelope.js';
import { AuthError, isAuthError } from './errors.js';
import { limits } from './limits.js';
import { login } from './login.js';
import type { MaybePromise } from './maybe-promise.js';
import type { PreparedLogin } from './provider.js';
import { noLease, readStored, releaseLease, takeLease } from './records.js';
import { refresh } from './refresh.js';
import type { Lease } from './store.js';
import type { TokenSet } from './tokens.js';

/** What a flight is for: a usable set, a login that a person asked for, or a password check that keeps no tokens. */
export interface FlightPlan {
  readonly kind: 'refresh' | 'sign_in' | 'verify';
  /** The set in hand will not do, although it looks fresh. */
  readonly forced?: boolean;
  /** Nobody waits: it refreshes, and does not log in unless a caller joins. */
  readonly byTimer?: boolean;
  /** An access token that will not do, wherever it is found. */
  readonly rejected?: string | undefined;
  /** Where a `sign_in` or `verify` gets its secrets. */
  readonly prepare?: (() => MaybePromise<PreparedLogin<unknown>>) | undefined;
  /** The secrets are not the configured ones. */
  readonly typed?: boolean;
}

/** The one piece of work on an account's tokens at a time in this process, detached from those who wait for it. */
export class Flight {
  readonly context: SessionContext;
  readonly account: Account;
  readonly plan: FlightPlan;
  /** Undefined only after a `verify`. */
  readonly tokens: Promise<TokenSet | undefined>;
  readonly settled: Promise<void>;
  /** Somebody waits, or will: it may log in. */
  wanted: boolean;
  /** It brought its set from the server. */
  hasExchanged: boolean = false;
  /** The set in hand when it started. */
  readonly startedWith: string | undefined;
  lease: Lease = noLease;
  /** The server refused the refresh token: what follows is a login, and others may be in the same case. */
  wasRefused: boolean = false;
  /** The secrets, asked for once, however often the flight starts over. */
  prepared: PreparedLogin<unknown> | undefined;
  /** Looks at what the store has told of, while the lock is waited for. */
  look: () => void = () => {};
  /** Ends the pause between two attempts to save, and the attempts. */
  stopSaving: () => void = () => {};
  /** Everything is over, the lease given back. Never rejects. */
  readonly done: Promise<void>;
  #signOuts: number;

  constructor(context: SessionContext, account: Account, plan: FlightPlan) {
    this.context = context;
    this.account = account;
    this.plan = plan;
    this.wanted = plan.byTimer !== true;
    this.startedWith = account.tokens?.id;
    this.#signOuts = account.signOuts;
    const { promise, resolve, reject } = Promise.withResolvers<TokenSet | undefined>();
    this.tokens = promise;
    const ignore = (): void => {};
    this.settled = promise.then(ignore, ignore);
    this.done = fly(this, resolve, reject);
  }

  /** A sign-out that a sign-in finds in the store came before it. */
  forgiveSignOuts(): void {
    this.#signOuts = this.account.signOuts;
  }

  /** Somebody signed out while it was under way: what it brings is not wanted any more. */
  get overtakenBySignOut(): boolean {
    return this.account.signOuts !== this.#signOuts;
  }
}

/** How a step ends: with a set, with a password verified (undefined), or by sending the flight back. */
export type Outcome = TokenSet | undefined | 'read_again' | 'lock_again';

async function fly(
  flight: Flight,
  land: (tokens: TokenSet | undefined) => void,
  fail: (error: unknown) => void,
): Promise<void> {
  // Lets the caller put the flight in its place first.
  await undefined;
  const { context, account } = flight;
  let settle: () => void;
  try {
    const tokens = await bring(flight);
    settle = () => land(tokens);
  } catch (error) {
    settle = () => fail(error);
  }
  // Where no work may outlive a call, the lease goes back before the callers wake.
  if (!context.mayOutliveCalls) await giveBack(flight);
  account.trailing = flight;
  account.flight = undefined;
  settle();
  await keepSaving(flight);
  if (account.unsaved !== undefined) account.makeStale();
  await giveBack(flight);
  account.trailing = undefined;
  freeUnused(account);
}

async function bring(flight: Flight): Promise<TokenSet | undefined> {
  const { context, account } = flight;
  account.trailing?.stopSaving();
  await account.trailing?.done;
  // A first look without the lock: where somebody else has refreshed, there is nothing to exclude anyone from.
  const first = decide(flight, await readStored(context));
  if (first.step === 'adopt') return account.adopt(context, first.tokens);
  if (first.step !== 'save') context.provider.preload?.();
  for (let turn = 0; turn < limits.leaseTurns; turn++) {
    try {
      const news = await waitForTurn(flight);
      if (news !== undefined) return account.adopt(context, news);
    } catch (error) {
      if (!isAuthError(error) || error.code !== 'lock_timeout') throw error;
      // Somebody held it all the while: perhaps to good effect.
      const late = decide(flight, await readStored(context));
      if (late.step === 'adopt') return account.adopt(context, late.tokens);
      throw error;
    }
    const outcome = await underLease(flight);
    if (outcome !== 'lock_again') return outcome;
    context.emit({ type: 'lease_lost' });
    await giveBack(flight);
  }
  throw new AuthError('lock_timeout', {
    provider: context.provider.name,
    detail: 'the lease was lost again and again',
  });
}

/** Waits for the lease. A set that its holder has saved meanwhile comes back: then nobody needs to stand in line. */
async function waitForTurn(flight: Flight): Promise<TokenSet | undefined> {
  const { context } = flight;
  const stop = new AbortController();
  const { promise: news, resolve } = Promise.withResolvers<TokenSet>();
  flight.look = () => {
    readStored(context).then(
      (stored) => {
        const tokens = stop.signal.aborted ? undefined : newsIn(flight, stored);
        if (tokens !== undefined) resolve(tokens);
      },
      () => {},
    );
  };
  const leasing = takeLease(context, stop.signal);
  try {
    const first = await Promise.race([leasing.then((lease) => ({ lease })), news]);
    if (!('lease' in first)) {
      // One that is granted all the same goes back.
      leasing.then(
        (lease) => releaseLease(context, lease),
        () => {},
      );
      return first;
    }
    flight.lease = first.lease;
    return undefined;
  } finally {
    flight.look = () => {};
    stop.abort();
  }
}

function newsIn(flight: Flight, stored: Stored): TokenSet | undefined {
  try {
    const decision = decide(flight, stored);
    return decision.step === 'adopt' ? decision.tokens : undefined;
  } catch {
    // It says so again when its turn has come.
    return undefined;
  }
}

async function underLease(flight: Flight): Promise<TokenSet | undefined | 'lock_again'> {
  for (let round = 0; round < limits.flightRounds; round++) {
    const stored = await readStored(flight.context);
    const outcome = await carryOut(flight, stored, decide(flight, stored));
    if (outcome !== 'read_again') return outcome;
  }
  const { name } = flight.context.provider;
  throw new AuthError('store_failed', {
    provider: name,
    detail: 'the record changes faster than it can be replaced',
  });
}

function carryOut(flight: Flight, stored: Stored, decision: Decision): MaybePromise<Outcome> {
  switch (decision.step) {
    case 'adopt':
      return flight.account.adopt(flight.context, decision.tokens);
    case 'save':
      return saveUnsaved(flight, stored, decision.unsaved);
    case 'refresh':
      return refresh(flight, stored, decision.tokens);
    case 'login':
      return login(flight, stored);
  }
}

async function giveBack(flight: Flight): Promise<void> {
  const { lease } = flight;
  flight.lease = noLease;
  if (lease !== noLease) await releaseLease(flight.context, lease);
}
