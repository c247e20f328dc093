import type { Clock } from './clock.js';
import type { SessionContext } from './context.js';
import * as limits from './limits.js';
import type { TokenSet } from './tokens.js';

/** An instant before all others. */
export const alwaysPast: number = Number.NEGATIVE_INFINITY;

/** In place of an instant: the set may have been replaced, or signed out, without our notice. */
const untilRead = -Number.MAX_VALUE;

/** The set that an account has in hand, and how long it is good for. */
export class HeldSet {
  #tokens: TokenSet | undefined;
  /** Resolved promises that all callers share while the set is fresh; made for the first caller. */
  #tokensPromise: Promise<TokenSet> | undefined;
  #accessTokenPromise: Promise<string> | undefined;
  /** Before this instant a call needs no work: the fast path compares the clock with it. */
  #freshUntil: number = alwaysPast;
  /** The latest reading of the wall clock: a lower reading after it means that the clock was set back. */
  #seenAt: number = alwaysPast;
  /** When the set came into hand, on the monotonic clock. */
  #takenAt: number = alwaysPast;
  /** By how much the wall clock was ahead of the monotonic clock. */
  #clockOffset = 0;
  /** By how much the set ends before its own instants say: it was stamped by a clock ahead, or our clock was set back. */
  #earlierByMs = 0;
  #isHandedOut = false;
  /** How many times news was missed: what was being read meanwhile may be older. */
  #gaps = 0;
  /** The set came from the server to this process, and the machine has not slept since. */
  #isExchanged = false;

  get tokens(): TokenSet | undefined {
    return this.#tokens;
  }

  get freshUntil(): number {
    return this.#freshUntil;
  }

  /** Whether the set was fresh when the clock was last noted. */
  get isFresh(): boolean {
    return this.#seenAt < this.#freshUntil;
  }

  get isHandedOut(): boolean {
    return this.#isHandedOut;
  }

  /** End of the set's life, epoch milliseconds; `Infinity` where it is unknown. */
  get expiresAt(): number {
    return (this.#tokens?.expiresAt ?? Number.POSITIVE_INFINITY) - this.#earlierByMs;
  }

  /** Takes a set in hand. */
  take(context: SessionContext, tokens: TokenSet, from: 'exchange' | 'store'): void {
    const { clock } = context;
    const now = clock.now();
    if (tokens.id !== this.#tokens?.id) this.#isHandedOut = false;
    this.#tokens = tokens;
    this.#tokensPromise = undefined;
    this.#accessTokenPromise = undefined;
    // A set stamped by a clock ahead of ours lives for its lifetime from now on, and no longer.
    this.#earlierByMs = Math.max(0, tokens.issuedAt - now);
    this.#freshUntil = dueIn(context, tokens, this.#earlierByMs);
    this.#seenAt = now;
    this.#takenAt = clock.monotonic();
    this.#clockOffset = now - this.#takenAt;
    this.#isExchanged = from === 'exchange';
  }

  drop(): void {
    this.#tokens = undefined;
    this.#tokensPromise = undefined;
    this.#accessTokenPromise = undefined;
    this.#freshUntil = alwaysPast;
  }

  /** Takes the next caller off the fast path, so that a flight can exchange or save. */
  makeStale(): void {
    this.#freshUntil = alwaysPast;
  }

  /** Takes the next caller off the fast path until the store was read. */
  doubt(): void {
    this.#gaps++;
    if (this.#freshUntil !== alwaysPast) this.#freshUntil = untilRead;
  }

  get gaps(): number {
    return this.#gaps;
  }

  get isInDoubt(): boolean {
    return this.#freshUntil === untilRead;
  }

  /** The store was read, or cannot be read: what was due before is due again. */
  doubtEnded(context: SessionContext): void {
    if (this.isInDoubt && this.#tokens !== undefined)
      this.#freshUntil = dueIn(context, this.#tokens, this.#earlierByMs);
  }

  /** The fast path: whether the set is fresh at this instant. A fresh set is noted as handed out. */
  handOutIfFresh(now: number): boolean {
    if (now >= this.#freshUntil || now < this.#seenAt) return false;
    this.#seenAt = now;
    this.#isHandedOut = true;
    return true;
  }

  noteHandedOut(): void {
    this.#isHandedOut = true;
  }

  /** Only for a caller that found the set fresh. */
  tokensPromise(): Promise<TokenSet> {
    this.#tokensPromise ??= Promise.resolve(this.#tokens as TokenSet);
    return this.#tokensPromise;
  }

  accessTokenPromise(): Promise<string> {
    this.#accessTokenPromise ??= Promise.resolve((this.#tokens as TokenSet).accessToken);
    return this.#accessTokenPromise;
  }

  /** Reads the wall clock. If it was set back, the set's instants move back too, so that the set lives no longer. */
  readClock(clock: Clock): number {
    const now = clock.now();
    const monotonic = clock.monotonic();
    const behindMs = this.#clockOffset + monotonic - now;
    const setBackMs = Math.max(behindMs, this.#seenAt - now);
    if (setBackMs > limits.clockJumpMs) {
      // What stands in place of an instant stays as it is: such a number is too large to change by so little.
      this.#freshUntil -= setBackMs;
      this.#earlierByMs += setBackMs;
    }
    const hasSlept = behindMs < -limits.clockJumpMs;
    // After a jump, or a sleep of the machine, later readings are compared with the new offset.
    if (setBackMs > limits.clockJumpMs || hasSlept) this.#clockOffset = now - monotonic;
    // The monotonic clock does not tell how long the machine slept: the set no longer counts as just issued.
    if (hasSlept) this.#isExchanged = false;
    this.#seenAt = now;
    return now;
  }

  /** Whether there is a set that can be sent without an exchange first. */
  isUsable(context: SessionContext): boolean {
    if (this.#tokens === undefined) return false;
    return this.readClock(context.clock) < this.mandatoryAt(context) || this.hasJustCome(context.clock);
  }

  /** When the set must not be sent any more. */
  mandatoryAt(context: SessionContext): number {
    if (this.#tokens === undefined) return alwaysPast;
    return overIn(this.#tokens, context.dueTimes(this.#tokens).mandatoryAt, this.#earlierByMs);
  }

  /** Whether the set was just issued. Such a set is not exchanged, whatever its lifetime says: exchanges would loop. */
  hasJustCome(clock: Clock): boolean {
    if (!this.#isExchanged) return false;
    return heldForMs(this.#takenAt, clock) < limits.exchangeGapMs;
  }

  /** How old the set is: the wall clock tells it of a set that another process fetched. */
  ageMs(clock: Clock): number {
    return Math.max(heldForMs(this.#takenAt, clock), clock.now() - (this.#tokens?.issuedAt ?? 0));
  }
}

// Functions, because private methods would cost each of very many instances a field.

function heldForMs(takenAt: number, clock: Clock): number {
  return clock.monotonic() - takenAt;
}

/** When a set is due for a refresh that nobody waits for. */
function dueIn(context: SessionContext, tokens: TokenSet, earlierByMs: number): number {
  const { advisoryAt, mandatoryAt } = context.dueTimes(tokens);
  return earlier(advisoryAt - earlierByMs, overIn(tokens, mandatoryAt, earlierByMs));
}

/** When a set must not be sent any more. */
function overIn(
  { expiresAt = Number.POSITIVE_INFINITY }: TokenSet,
  byPolicy: number,
  earlierByMs: number,
): number {
  return earlier(byPolicy - earlierByMs, expiresAt - earlierByMs);
}

/** A policy's NaN counts as the limit. */
function earlier(instant: number, limit: number): number {
  return Number.isNaN(instant) ? limit : Math.min(instant, limit);
}
