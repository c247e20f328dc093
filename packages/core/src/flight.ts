import type { SessionContext } from './context.js';
import { sleep } from './deadline.js';
import type { Stored } from './envelope.js';
import { type AuthError, isAuthError } from './errors.js';
import type { Turn } from './exchange/turn.js';
import type { SentExchange } from './issuer-health.js';
import * as limits from './limits.js';
import type { MaybePromise } from './maybe-promise.js';
import type { PreparedLogin } from './provider.js';
import type { Lease } from './store.js';
import type { TokenSet } from './tokens.js';

/** The errors in which flights ended where only a login could help, and only a caller may log in. */
const leftToCallers = new WeakSet<AuthError>();

/** Marks the error of a flight that leaves the login to a caller. */
export function leftToCaller(error: AuthError): AuthError {
  leftToCallers.add(error);
  return error;
}

/** Whether a flight ended because only a caller may log in: that is no failure. */
export function needsCaller(error: unknown): boolean {
  return isAuthError(error) && leftToCallers.has(error);
}

/**
 * Whether a flight that nobody waits for is left to others: only a caller may log in, or somebody else has the lease, and the set
 * in hand is still good. That is no failure.
 */
export function isLeftToOthers(error: AuthError, { isEarly = false }: FlightPlan): boolean {
  return needsCaller(error) || (isEarly && error.code === 'lock_timeout');
}

/** What a flight is for: a usable set, a login that a person asked for, or a password check that keeps no tokens. */
export interface FlightPlan {
  readonly kind: 'refresh' | 'sign_in' | 'verify';
  /** The set in hand will not do, although it looks fresh. */
  readonly forced?: boolean;
  /** The set in hand is still good: the flight gives up soon where somebody else has the lease. */
  readonly isEarly?: boolean;
  /** No caller started it: it refreshes, and logs in only as `loginAhead` asks for, or for a caller that joins. */
  readonly byTimer?: boolean;
  /** It is maintenance: no timer follows. */
  readonly isMaintenance?: boolean;
  /** What was read of the store just before it, and how long that took. */
  readonly looked?: { readonly stored: Stored; readonly tookMs: number };
  /** A stored set with less life left will not do. */
  readonly minValidMs?: number | undefined;
  /** An access token that will not do, wherever it is found. */
  readonly rejected?: string | undefined;
  /** Where a `sign_in` or `verify` gets its secrets. */
  readonly prepare?: (() => MaybePromise<PreparedLogin<unknown>>) | undefined;
  /** A person typed the secrets: they are not the configured ones. */
  readonly isTyped?: boolean;
}

/**
 * A single-flight: this process does one piece of work on an account's tokens at a time, independent of the callers
 * that wait for the work. This class holds what the callers and the steps of a flight share.
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
  /** How many sign-outs the account had seen when the flight started: a further sign-out voids its result. */
  signOutsSeen: number;
  /** A caller waits for the flight, or it runs as if one did: the flight may log in. */
  hasWaiters: boolean;
  /** A caller has named the set that it replaces as refused. */
  isReplacement: boolean;
  /** The flight's set came from the server. */
  hasExchanged: boolean = false;
  /** The server refused the refresh token: a login follows, after a random wait, as other processes may log in too. */
  wasRefused: boolean = false;
  /** A typed password was refused, and is sent once more with another one-time code. */
  hasTriedCode: boolean = false;
  /** The exchange that it sent last; set before that can fail. */
  sent!: SentExchange;
  /** How long the first look at the store took. */
  lookMs: number = 0;
  /** What the flight read last: a record that still stands is not parsed again. */
  stored: Stored | undefined;
  /** Its turn to exchange; undefined until there is something to exchange, and where it does not wait in line. */
  turn: Turn | undefined;
  #joined = 0;
  /** Undefined while the flight waits for the store's lock, and where the store has no lock. */
  lease: Lease | undefined;
  /** The secrets, asked for once, however often the flight starts over. */
  prepared: PreparedLogin<unknown> | undefined;
  /** Reads the store after it announced a change, from when the flight waits for the lease. */
  onStoreChange: () => void = () => {};
  /**
   * Ends the pause between two attempts to save: the next flight takes over, no session is left, or somebody signs out.
   */
  stopSaving: () => void = () => {};
  /** Resolves when everything is over and the lease released. Never rejects. */
  done: Promise<void> = Promise.resolve();
  readonly resolve: (tokens: TokenSet | undefined) => void;
  readonly reject: (error: unknown) => void;

  constructor(context: SessionContext, plan: FlightPlan, startedWith: string | undefined, signOuts: number) {
    this.context = context;
    this.plan = plan;
    this.startedWith = startedWith;
    this.signOutsSeen = signOuts;
    this.hasWaiters = plan.byTimer !== true;
    this.isReplacement = plan.rejected !== undefined;
    const { promise, resolve, reject } = Promise.withResolvers<TokenSet | undefined>();
    this.tokens = promise;
    this.resolve = resolve;
    this.reject = reject;
    const ignore = (): void => {};
    this.settled = this.tokens.then(ignore, ignore);
  }

  /** Whether the lease is held at this moment. True for a store without a lock, which excludes nobody. */
  get isLeaseHeld(): boolean {
    try {
      return this.lease === undefined || this.lease.held() === true;
    } catch {
      // A lease of which nobody can tell excludes nobody.
      return false;
    }
  }

  /** So many callers wait that it must not wait in line: they may be logins of the same issuer that need its token. */
  get isUrgent(): boolean {
    return this.#joined >= limits.callersThatHurry;
  }

  /** A pause in which it sends nothing: the next one in line may begin. */
  rest(delayMs: number): Promise<void> {
    this.turn?.end();
    return sleep(this.context.clock, delayMs).done;
  }

  /** One more caller waits for it. */
  joined(): void {
    this.#joined++;
    if (this.isUrgent) this.turn?.hurry();
  }
}
