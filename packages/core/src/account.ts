import type { Clock } from './clock.js';
import type { SessionContext } from './context.js';
import type { Latch } from './envelope.js';
import type { AuthErrorCode } from './errors.js';
import type { Flight } from './flight.js';
import { doubling, slotFreeAt } from './guard.js';
import { limits } from './limits.js';
import type { TokenStore } from './store.js';
import type { TokenSet } from './tokens.js';

/** As an instant: one that has always passed. */
const never: number = Number.NEGATIVE_INFINITY;
const none: readonly never[] = [];

/** A set that this process holds and the store does not. */
export interface Unsaved {
  readonly tokens: TokenSet;
  /** The set it replaces; undefined: none was stored. */
  readonly parentId: string | undefined;
  /** Initial tokens: of use only where the store holds neither tokens nor a sign-out. */
  readonly initial: boolean;
  /** Hash of the latch that an accepted password has lifted. */
  readonly lifted: string | undefined;
}

/**
 * What this process knows of one key of one store, shared by all its sessions on that key: the token in hand, the
 * one flight, and what has been learnt about sets. Instants without a note are wall-clock epoch milliseconds.
 */
export class Account {
  readonly store: TokenStore;
  readonly key: string;
  /** Unlike the key, unique among all stores: names this account to a scheduler. */
  readonly schedulerKey: string;
  readonly createdAt: number;
  contexts: readonly SessionContext[] = [];

  tokens: TokenSet | undefined;
  /** The same resolved promises for everyone while the set is fresh, made for the first who asks. */
  tokensPromise: Promise<TokenSet> | undefined;
  accessTokenPromise: Promise<string> | undefined;
  /** Before this nothing needs to be done: the fast path's one comparison. */
  freshUntil: number = never;
  mandatoryAt: number = never;
  expiresAt: number = never;
  /** The latest instant at which the set was handed out: a clock before it was set back. */
  seenAt: number = never;
  handedOut: boolean = false;
  /** By how much the wall clock was ahead of the monotonic clock, to notice one set back. */
  #offset = 0;
  /** When the set came into hand, on both clocks, and whether an exchange of ours brought it. */
  #takenAt: number = never;
  #takenAtWall: number = never;
  #exchanged = false;

  flight: Flight | undefined;
  /** The flight that has served its callers and still saves or gives its lease back. */
  trailing: Flight | undefined;
  unsaved: Unsaved | undefined;
  /** A refusal that could not be saved. */
  latch: Latch | undefined;
  /** Monotonic instants of logins sent by this process: a wall clock set ahead does not forget them. */
  #loginsSent: readonly number[] = none;

  /** A sign-out on its way to the store: who signs in waits for it. */
  signingOut: Promise<void> | undefined;
  signedOut: boolean = false;
  /** Counts sign-outs, so that a flight learns of one that happened under it. */
  signOuts: number = 0;
  /** Whether the store was read: a sign-out found after that is news, one found at first may be history. */
  hasRead: boolean = false;
  /** The stored sign-out this process has taken note of. */
  knownSignOutAt: number | undefined;

  /** Monotonic instant before which no token call is sent. */
  pausedUntil: number = never;
  pauseCode: AuthErrorCode | undefined;
  /** Exchanges of ours in a row that failed without an answer: the store's count may not have been written. */
  exchangeFailures: number = 0;
  /** The stored `notBefore` that {@link pausedUntil} already reflects. */
  #knownNotBefore: number | undefined;
  /** Id of the set whose refresh token was presented here and whose answer was lost. */
  lostId: string | undefined;
  /** Flights in a row that came to nothing. */
  failures: number = 0;
  /** Monotonic instant before which nobody starts a refresh that nobody waits for. */
  quietUntil: number = never;

  /** Ids of sets whose refresh token the server has answered, and of sets the API refused. */
  #spent: readonly string[] = none;
  #refused: readonly string[] = none;
  /** How often in a row a set issued after a refusal was refused itself. */
  #rejections = 0;

  unsubscribe: (() => void) | undefined;
  /** Ends the wait for another look at what the store has told of. */
  cancelLook: (() => void) | undefined;
  cancelTimer: (() => void) | undefined;

  constructor(store: TokenStore, key: string, createdAt: number) {
    this.store = store;
    this.key = key;
    this.createdAt = createdAt;
    this.schedulerKey = `${serial++}:${key}`;
  }

  /** Makes `tokens` the set in hand. */
  take(context: SessionContext, tokens: TokenSet, from: 'exchange' | 'store'): void {
    const { clock } = context;
    const now = clock.now();
    const { advisoryAt, mandatoryAt } = context.dueTimes(tokens);
    // A set stamped by a clock ahead of ours lives for its lifetime from now on, and no longer.
    const skew = Math.max(0, tokens.issuedAt - now);
    this.expiresAt = (tokens.expiresAt ?? Number.POSITIVE_INFINITY) - skew;
    this.mandatoryAt = earlier(mandatoryAt - skew, this.expiresAt);
    this.freshUntil = earlier(advisoryAt - skew, this.mandatoryAt);
    if (tokens.id !== this.tokens?.id) this.handedOut = false;
    this.tokens = tokens;
    this.tokensPromise = undefined;
    this.accessTokenPromise = undefined;
    this.seenAt = now;
    this.#takenAt = clock.monotonic();
    this.#takenAtWall = now;
    this.#offset = now - this.#takenAt;
    this.#exchanged = from === 'exchange';
  }

  /** Takes a stored set in hand, without an exchange. */
  adopt(context: SessionContext, tokens: TokenSet): TokenSet {
    if (tokens.id === this.tokens?.id) return this.tokens;
    const previousId = this.tokens?.id;
    this.take(context, tokens, 'store');
    this.endPause();
    context.emit({ type: 'adopted', tokenId: tokens.id, previousId });
    return tokens;
  }

  /** Sends the next caller the slow way, where a flight does what is left to do. */
  makeStale(): void {
    this.freshUntil = never;
  }

  drop(): void {
    this.tokens = undefined;
    this.tokensPromise = undefined;
    this.accessTokenPromise = undefined;
    this.freshUntil = never;
    this.mandatoryAt = never;
    this.expiresAt = never;
    this.unschedule();
  }

  /** Takes its refresh off the scheduler. */
  unschedule(): void {
    quietly(this.cancelTimer);
    this.cancelTimer = undefined;
  }

  /** Ends what runs for sessions that have all left. */
  rest(): void {
    this.unschedule();
    this.cancelLook?.();
    quietly(this.unsubscribe);
    this.unsubscribe = undefined;
  }

  /** Where the wall clock was set back, moves the set's instants back with it: no life grows longer. */
  checkClock(clock: Clock): number {
    const now = clock.now();
    const monotonic = clock.monotonic();
    const behind = this.#offset + monotonic - now;
    const setBackBy = Math.max(behind, this.seenAt - now);
    if (setBackBy > limits.clockJumpMs) {
      this.freshUntil -= setBackBy;
      this.mandatoryAt -= setBackBy;
      this.expiresAt -= setBackBy;
    }
    // Set ahead, or asleep, it is the new measure.
    if (setBackBy > limits.clockJumpMs || behind < -limits.clockJumpMs) this.#offset = now - monotonic;
    this.seenAt = now;
    return now;
  }

  /** Whether the set in hand can be sent without an exchange first. */
  isUsable(clock: Clock): boolean {
    const now = this.checkClock(clock);
    if (this.tokens === undefined || this.#refused.includes(this.tokens.id)) return false;
    return now < this.mandatoryAt || this.hasJustExchanged(clock);
  }

  /** Whatever its lifetime says, a set just issued is not exchanged at once: that would be a loop. */
  hasJustExchanged(clock: Clock): boolean {
    if (!this.#exchanged) return false;
    const passedMs = Math.max(clock.monotonic() - this.#takenAt, clock.now() - this.#takenAtWall);
    return passedMs < limits.exchangeGapMs;
  }

  /** Whether a refresh that nobody waits for may start now. */
  mayRefreshEarly(clock: Clock): boolean {
    const now = clock.monotonic();
    if (this.flight !== undefined || now < this.quietUntil || now < this.pausedUntil) return false;
    return !this.hasJustExchanged(clock);
  }

  /** Whether the set in hand would still be accepted, for all we know: what a failed exchange falls back on. */
  isAlive(clock: Clock): boolean {
    const now = this.checkClock(clock);
    return this.tokens !== undefined && !this.#refused.includes(this.tokens.id) && now < this.expiresAt;
  }

  spend(id: string): void {
    this.#spent = remembering(this.#spent, id);
  }

  isSpent(id: string): boolean {
    return this.#spent.includes(id);
  }

  isRefused(id: string): boolean {
    return this.#refused.includes(id);
  }

  /**
   * Notes that the API refused the set in hand. False where that is no reason for an exchange: it was issued after
   * a refusal, and too short a while ago.
   */
  refuse(clock: Clock, id: string): boolean {
    if (this.#refused.includes(id)) return true;
    const ageMs = clock.monotonic() - this.#takenAt;
    const { rejectionCoolDownMinMs, rejectionCoolDownMaxMs } = limits;
    const coolDownMs = doubling(this.#rejections, rejectionCoolDownMinMs, rejectionCoolDownMaxMs);
    if (this.#rejections > 0 && ageMs < coolDownMs) return false;
    this.#rejections = ageMs < 2 * limits.rejectionCoolDownMaxMs ? this.#rejections + 1 : 1;
    this.#refused = remembering(this.#refused, id);
    this.makeStale();
    return true;
  }

  countLogin(clock: Clock): void {
    const since = clock.monotonic() - limits.loginWindowMs;
    this.#loginsSent = [...this.#loginsSent.filter((at) => at > since), clock.monotonic()];
  }

  /** When this process may send another login, by its own count; undefined for now. */
  nextLoginAt({ clock, maxLoginsPerHour }: SessionContext): number | undefined {
    const freeAt = slotFreeAt(this.#loginsSent, maxLoginsPerHour);
    const leftMs = freeAt === undefined ? 0 : freeAt - clock.monotonic();
    return leftMs > 0 ? Math.ceil(clock.now() + leftMs) : undefined;
  }

  /** No token call before then, for the reason given. */
  pause(clock: Clock, notBefore: number, code: AuthErrorCode): void {
    this.#knownNotBefore = notBefore;
    this.pausedUntil = clock.monotonic() + (notBefore - clock.now());
    this.pauseCode = code;
  }

  /** Takes a stored pause over once, bounded, so that another machine's clock cannot stop us for long. */
  notePause(clock: Clock, notBefore: number | undefined): void {
    if (notBefore === undefined || notBefore === this.#knownNotBefore) return;
    this.#knownNotBefore = notBefore;
    const leftMs = Math.min(notBefore - clock.now(), limits.rateLimitMaxMs);
    this.pausedUntil = Math.max(this.pausedUntil, clock.monotonic() + leftMs);
    this.pauseCode = undefined;
  }

  endPause(): void {
    this.failures = 0;
    this.exchangeFailures = 0;
    this.pausedUntil = never;
    this.quietUntil = never;
    this.pauseCode = undefined;
  }
}

let serial = 0;

/** Calls a way to stop, which breaks nothing by failing: it was to end, and nobody waits for it. */
function quietly(stop: (() => void) | undefined): void {
  try {
    stop?.();
  } catch {
    // Ended, as far as we are concerned.
  }
}

function remembering(ids: readonly string[], id: string): readonly string[] {
  return ids.includes(id) ? ids : [...ids, id].slice(-limits.rememberedSets);
}

/** A policy's NaN counts as the limit. */
function earlier(instant: number, limit: number): number {
  return Number.isNaN(instant) ? limit : Math.min(instant, limit);
}
