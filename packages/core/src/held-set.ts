import type { Clock } from './clock.js';
import type { SessionContext } from './context.js';
import { limits } from './limits.js';
import type { TokenSet } from './tokens.js';

/** An instant before all others. */
export const alwaysPast: number = Number.NEGATIVE_INFINITY;

/** The set that an account has in hand, and how long it is good for. Instants without a note are epoch milliseconds. */
export class HeldSet {
  #tokens: TokenSet | undefined;
  /** The same resolved promises for everyone while the set is fresh, made for the first who asks. */
  #tokensPromise: Promise<TokenSet> | undefined;
  #accessTokenPromise: Promise<string> | undefined;
  /** Before this nothing needs to be done: the fast path's one comparison. */
  #freshUntil: number = alwaysPast;
  #mandatoryAt: number = alwaysPast;
  #expiresAt: number = alwaysPast;
  /** The latest instant at which the set was handed out: a clock that shows less was set back. */
  #seenAt: number = alwaysPast;
  #isHandedOut = false;
  /** By how much the wall clock was ahead of the monotonic clock. */
  #clockOffset = 0;
  /** When the set came into hand, on the monotonic clock. */
  #takenAt: number = alwaysPast;
  /** When the set came from the server to this process; undefined where it came from the store. */
  #exchangedAt: number | undefined;

  get tokens(): TokenSet | undefined {
    return this.#tokens;
  }

  get freshUntil(): number {
    return this.#freshUntil;
  }

  get expiresAt(): number {
    return this.#expiresAt;
  }

  /** By the latest look at the clock. */
  get isFresh(): boolean {
    return this.#seenAt < this.#freshUntil;
  }

  get isHandedOut(): boolean {
    return this.#isHandedOut;
  }

  /** Takes a set in hand. */
  take(context: SessionContext, tokens: TokenSet, from: 'exchange' | 'store'): void {
    const { clock } = context;
    const now = clock.now();
    const { advisoryAt, mandatoryAt } = context.dueTimes(tokens);
    // A set stamped by a clock ahead of ours lives for its lifetime from now on, and no longer.
    const skewMs = Math.max(0, tokens.issuedAt - now);
    this.#expiresAt = (tokens.expiresAt ?? Number.POSITIVE_INFINITY) - skewMs;
    this.#mandatoryAt = earlier(mandatoryAt - skewMs, this.#expiresAt);
    this.#freshUntil = earlier(advisoryAt - skewMs, this.#mandatoryAt);
    if (tokens.id !== this.#tokens?.id) this.#isHandedOut = false;
    this.#tokens = tokens;
    this.#tokensPromise = undefined;
    this.#accessTokenPromise = undefined;
    this.#seenAt = now;
    this.#takenAt = clock.monotonic();
    this.#clockOffset = now - this.#takenAt;
    this.#exchangedAt = from === 'exchange' ? now : undefined;
  }

  drop(): void {
    this.#tokens = undefined;
    this.#tokensPromise = undefined;
    this.#accessTokenPromise = undefined;
    this.#freshUntil = alwaysPast;
    this.#mandatoryAt = alwaysPast;
    this.#expiresAt = alwaysPast;
  }

  /** Sends the next caller the slow way, where a flight does what is left to do. */
  makeStale(): void {
    this.#freshUntil = alwaysPast;
  }

  /** The fast path: whether the set is fresh at this instant, and so handed out. */
  handOutIfFresh(now: number): boolean {
    if (now >= this.#freshUntil || now < this.#seenAt) return false;
    this.#seenAt = now;
    this.#isHandedOut = true;
    return true;
  }

  noteHandedOut(): void {
    this.#isHandedOut = true;
  }

  /** For those who ask while the set is fresh. */
  tokensPromise(): Promise<TokenSet> {
    this.#tokensPromise ??= Promise.resolve(this.#tokens as TokenSet);
    return this.#tokensPromise;
  }

  accessTokenPromise(): Promise<string> {
    this.#accessTokenPromise ??= Promise.resolve((this.#tokens as TokenSet).accessToken);
    return this.#accessTokenPromise;
  }

  /** Reads the wall clock. Where it was set back, the set's instants move back with it: no life grows longer. */
  readClock(clock: Clock): number {
    const now = clock.now();
    const monotonic = clock.monotonic();
    const behindMs = this.#clockOffset + monotonic - now;
    const setBackMs = Math.max(behindMs, this.#seenAt - now);
    if (setBackMs > limits.clockJumpMs) {
      this.#freshUntil -= setBackMs;
      this.#mandatoryAt -= setBackMs;
      this.#expiresAt -= setBackMs;
    }
    // A clock that was set ahead, or slept, is the new measure.
    if (setBackMs > limits.clockJumpMs || behindMs < -limits.clockJumpMs) this.#clockOffset = now - monotonic;
    this.#seenAt = now;
    return now;
  }

  /** Whether the set can be sent without an exchange first. */
  isUsable(clock: Clock): boolean {
    return this.readClock(clock) < this.#mandatoryAt || this.hasJustCome(clock);
  }

  /** Whatever its lifetime says, a set just issued is not exchanged at once: that would be a loop. */
  hasJustCome(clock: Clock): boolean {
    if (this.#exchangedAt === undefined) return false;
    const passedMs = Math.max(clock.monotonic() - this.#takenAt, clock.now() - this.#exchangedAt);
    return passedMs < limits.exchangeGapMs;
  }

  /** How long the set has been in hand. */
  heldForMs(clock: Clock): number {
    return clock.monotonic() - this.#takenAt;
  }
}

/** A policy's NaN counts as the limit. */
function earlier(instant: number, limit: number): number {
  return Number.isNaN(instant) ? limit : Math.min(instant, limit);
}
