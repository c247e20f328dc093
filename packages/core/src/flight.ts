import type { SessionContext } from './context.js';
import type { MaybePromise } from './maybe-promise.js';
import type { PreparedLogin } from './provider.js';
import type { Lease } from './store.js';
import type { TokenSet } from './tokens.js';

/** What a flight is for: a usable set, a login that a person asked for, or a password check that keeps no tokens. */
export interface FlightPlan {
  readonly kind: 'refresh' | 'sign_in' | 'verify';
  /** The set in hand will not do, although it looks fresh. */
  readonly forced?: boolean;
  /** A timer started it: it refreshes, and does not log in unless a caller joins. */
  readonly byTimer?: boolean;
  /** An access token that will not do, wherever it is found. */
  readonly rejected?: string | undefined;
  /** Where a `sign_in` or `verify` gets its secrets. */
  readonly prepare?: (() => MaybePromise<PreparedLogin<unknown>>) | undefined;
  /** A person typed the secrets: they are not the configured ones. */
  readonly byPerson?: boolean;
}

/**
 * The single flight: the one piece of work on an account's tokens at a time in this process, detached from those who
 * wait for it. This is what its waiters and its steps know of it.
 */
export class Flight {
  /** The session that started it, and whose credentials it uses. */
  readonly context: SessionContext;
  readonly plan: FlightPlan;
  /** Undefined only after a `verify`. */
  readonly tokens: Promise<TokenSet | undefined>;
  /** Never rejects. */
  readonly settled: Promise<void>;
  /** The set in hand when it started. */
  readonly startedWith: string | undefined;
  /** How many sign-outs the account had seen when it started: one more makes its result unwanted. */
  signOutsSeen: number;
  /** A caller waits for it, or will: it may log in. */
  hasWaiters: boolean;
  /** Its set came from the server. */
  hasExchanged: boolean = false;
  /** The server refused the refresh token: a login follows, and other processes may be in the same case. */
  wasRefused: boolean = false;
  /** Undefined while it waits for the store's lock, and where the store has none. */
  lease: Lease | undefined;
  /** The secrets, asked for once, however often the flight starts over. */
  prepared: PreparedLogin<unknown> | undefined;
  /** While the flight waits for the lease: reads what the store has told of. */
  onStoreChange: () => void = () => {};
  /** Ends the pause between two attempts to save, and the attempts. */
  stopSaving: () => void = () => {};
  /** Resolves when everything is over and the lease released. Never rejects. */
  done: Promise<void> = Promise.resolve();
  resolve!: (tokens: TokenSet | undefined) => void;
  reject!: (error: unknown) => void;

  constructor(context: SessionContext, plan: FlightPlan, startedWith: string | undefined, signOuts: number) {
    this.context = context;
    this.plan = plan;
    this.startedWith = startedWith;
    this.signOutsSeen = signOuts;
    this.hasWaiters = plan.byTimer !== true;
    this.tokens = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const ignore = (): void => {};
    this.settled = this.tokens.then(ignore, ignore);
  }
}
