import type { Clock } from './clock.js';
import type { SessionContext } from './context.js';
import type { Latch } from './envelope.js';
import type { AuthErrorCode } from './errors.js';
import type { Flight } from './flight.js';
import { HeldSet } from './held-set.js';
import { doubling, limits } from './limits.js';
import { nothingAgainstExchanges, nothingRare, type RareFacts, type Unsaved } from './rare-facts.js';
import type { TimerOwner } from './scheduler/timer-scheduler.js';
import type { TokenStore } from './store.js';
import type { TokenSet } from './tokens.js';

const none: readonly never[] = [];

/** Where an account's refresh is scheduled. */
export interface AccountTimer {
  cancel(account: Account): void;
}

/**
 * What this process knows of one key of one store, shared by all its sessions on that key. Only this class changes the
 * state of an account, and a method that changes the state is named after what happened.
 *
 * A set is in hand until a sign-out; it may be expired, or refused by the API. At most one flight is under way, and at
 * most one earlier flight trails behind it. An unsaved set is the set in hand, unless it holds initial tokens.
 */
export class Account implements TimerOwner {
  readonly store: TokenStore;
  readonly key: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** The set in hand. Only this class replaces it; the session's fast path notes here that the set was handed out. */
  readonly held: HeldSet = new HeldSet();
  /** Written by the scheduler: the slot of this account's timer, -1 for none. */
  timerSlot = -1;
  #contexts: readonly SessionContext[] = none;
  #flight: Flight | undefined;
  #hasRead = false;
  #unsubscribe: (() => void) | undefined;
  #timer: AccountTimer | undefined;
  #facts: RareFacts = nothingRare;

  constructor(store: TokenStore, key: string, createdAt: number) {
    this.store = store;
    this.key = key;
    this.createdAt = createdAt;
  }

  get tokens(): TokenSet | undefined {
    return this.held.tokens;
  }

  get flight(): Flight | undefined {
    return this.#flight;
  }

  get facts(): RareFacts {
    return this.#facts;
  }

  /** Whether the store was read: the first read may find an old sign-out, a later read finds only news. */
  get hasRead(): boolean {
    return this.#hasRead;
  }

  get isWatched(): boolean {
    return this.#unsubscribe !== undefined;
  }

  /** The open sessions. */
  get contexts(): readonly SessionContext[] {
    return this.#contexts;
  }

  joined(context: SessionContext): void {
    // `concat` allocates exactly; a spread would leave room for sixteen more elements.
    this.#contexts = this.#contexts.concat(context);
  }

  left(context: SessionContext): void {
    this.#contexts = this.#contexts.filter((each) => each !== context);
  }

  /** The last session has left: ends the timer, the next look at the store and the subscription. */
  abandoned(): void {
    this.unschedule();
    this.#facts.cancelLook?.();
    quietly(this.#unsubscribe);
    this.#unsubscribe = undefined;
  }

  /** The server issued this set to this process. */
  exchanged(context: SessionContext, tokens: TokenSet): void {
    this.held.take(context, tokens, 'exchange');
  }

  /** This set comes into hand without an exchange and without an event. */
  taken(context: SessionContext, tokens: TokenSet): void {
    this.held.take(context, tokens, 'store');
  }

  /** A usable set that somebody else saved was found in the store. */
  adopted(context: SessionContext, tokens: TokenSet): TokenSet {
    const previous = this.tokens;
    if (tokens.id === previous?.id) return previous;
    this.held.take(context, tokens, 'store');
    this.exchangeSucceeded();
    context.emit({ type: 'adopted', tokenId: tokens.id, previousId: previous?.id });
    return tokens;
  }

  /** Reads the wall clock. If the clock was set back, the set in hand does not live longer. */
  clockRead(clock: Clock): number {
    return this.held.readClock(clock);
  }

  /** Whether the set in hand can be sent without an exchange first. */
  isUsable(clock: Clock): boolean {
    const isUsable = this.held.isUsable(clock);
    return isUsable && this.tokens !== undefined && !this.isRefused(this.tokens.id);
  }

  /** A caller got the set in hand. */
  handedOut(): void {
    this.held.noteHandedOut();
  }

  /** Whether the API would still accept the set in hand, as far as we know: callers get it if an exchange fails. */
  isAlive(clock: Clock): boolean {
    const now = this.held.readClock(clock);
    return this.tokens !== undefined && !this.isRefused(this.tokens.id) && now < this.held.expiresAt;
  }

  isSpent(id: string): boolean {
    return this.#facts.spent.includes(id);
  }

  isRefused(id: string): boolean {
    return this.#facts.refused.includes(id);
  }

  /** The server has answered this set's refresh token: it is never presented again. */
  refreshTokenSpent(id: string): void {
    this.#note({ spent: remembering(this.#facts.spent, id) });
  }

  /** The answer to this set's refresh token was lost. */
  answerLost(id: string): void {
    this.#note({ lostId: id });
  }

  /**
   * The API refused the set in hand. False: this is no reason for an exchange, because the set was issued after a
   * refusal and its cool-down is not over.
   */
  refused(clock: Clock, id: string): boolean {
    if (this.isRefused(id)) return true;
    const heldForMs = this.held.heldForMs(clock);
    const { rejections, refused } = this.#facts;
    const { rejectionCoolDownMinMs, rejectionCoolDownMaxMs } = limits;
    const coolDownMs = doubling(rejections, rejectionCoolDownMinMs, rejectionCoolDownMaxMs);
    if (rejections > 0 && heldForMs < coolDownMs) return false;
    const follows = heldForMs < 2 * rejectionCoolDownMaxMs;
    this.#note({ rejections: follows ? rejections + 1 : 1, refused: remembering(refused, id) });
    this.held.makeStale();
    return true;
  }

  flightStarted(flight: Flight): void {
    this.#flight = flight;
  }

  /** The flight has served its callers. `trailing`: the flight, if it still saves or has a lease to release. */
  flightLanded(trailing: Flight | undefined): void {
    this.#flight = undefined;
    if (trailing !== undefined) this.#note({ trailing });
  }

  /** The trailing flight has stopped saving: the next caller's flight saves a set that is still unsaved. */
  savingEnded(): void {
    if (this.#facts.unsaved !== undefined) this.held.makeStale();
  }

  flightEnded(): void {
    this.#note({ trailing: undefined });
  }

  flightFailed(clock: Clock, flightFailures: number, quietMs: number): void {
    this.#note({ flightFailures, quietUntil: clock.monotonic() + quietMs });
  }

  refreshedInBackground(clock: Clock): void {
    this.#note({ quietUntil: clock.monotonic() + limits.exchangeGapMs });
  }

  /** Whether a refresh that nobody waits for may start now. */
  mayRefreshEarly(clock: Clock): boolean {
    const now = clock.monotonic();
    const { quietUntil, pausedUntil } = this.#facts;
    if (this.#flight !== undefined || now < quietUntil || now < pausedUntil) return false;
    return !this.held.hasJustCome(clock);
  }

  /** An exchange succeeded, here or elsewhere. */
  exchangeSucceeded(): void {
    if (this.#facts !== nothingRare) this.#note(nothingAgainstExchanges);
  }

  /** An exchange failed: no token call before `notBefore`. */
  exchangeFailed(clock: Clock, pauseCode: AuthErrorCode, exchangeFailures: number, notBefore: number): void {
    const pausedUntil = clock.monotonic() + (notBefore - clock.now());
    this.#note({ exchangeFailures, pauseCode, pausedUntil, knownNotBefore: notBefore });
  }

  /** The pause in force, given a stored `notBefore`. The latter is bounded: another machine's clock may be wrong. */
  pauseGiven(clock: Clock, notBefore: number | undefined): Pick<RareFacts, 'pausedUntil' | 'pauseCode'> {
    if (notBefore === undefined || notBefore === this.#facts.knownNotBefore) return this.#facts;
    const leftMs = Math.min(notBefore - clock.now(), limits.rateLimitMaxMs);
    return { pausedUntil: Math.max(this.#facts.pausedUntil, clock.monotonic() + leftMs) };
  }

  /** A stored `notBefore` was read. */
  pauseRead(clock: Clock, notBefore: number | undefined): void {
    if (notBefore === undefined || notBefore === this.#facts.knownNotBefore) return;
    const { pausedUntil } = this.pauseGiven(clock, notBefore);
    this.#note({ pausedUntil, pauseCode: undefined, knownNotBefore: notBefore });
  }

  loginSent(clock: Clock): void {
    const now = clock.monotonic();
    const recent = this.#facts.loginsSent.filter((at) => at > now - limits.loginWindowMs);
    this.#note({ loginsSent: [...recent, now] });
  }

  /** A login was refused, and its latch is not saved yet. Undefined: the latch is saved or lifted. */
  latched(latch: Latch | undefined): void {
    if (latch !== this.#facts.latch) this.#note({ latch });
  }

  /** This set is kept in memory until it is saved. Undefined: no set is unsaved. */
  saveDeferred(unsaved: Unsaved | undefined): void {
    if (unsaved !== this.#facts.unsaved) this.#note({ unsaved });
  }

  /** Somebody signed out: the set in hand is dropped, and every session is told. */
  signedOut(): void {
    this.#note({ isSignedOut: true, signOuts: this.#facts.signOuts + 1, unsaved: undefined });
    this.held.drop();
    this.unschedule();
    for (const context of this.contexts) context.emit({ type: 'signed_out' });
  }

  signedIn(): void {
    if (this.#facts.isSignedOut) this.#note({ isSignedOut: false });
  }

  signOutBegan(signingOut: Promise<void>): void {
    this.#note({ signingOut });
  }

  signOutEnded(signingOut: Promise<void>): void {
    if (this.#facts.signingOut === signingOut) this.#note({ signingOut: undefined });
  }

  /**
   * Whether a stored sign-out is news. A sign-out that the first read finds is news only if it is later than this
   * account's creation: a program that starts after a sign-out may log in.
   */
  isNews(signedOutAt: number | undefined): boolean {
    if (signedOutAt === undefined || signedOutAt === this.#facts.knownSignOutAt) return false;
    return (this.#hasRead || signedOutAt > this.createdAt) && !this.#facts.isSignedOut;
  }

  /** The store was read: it holds this sign-out, or none. */
  signOutRead(signedOutAt: number | undefined): void {
    const isNews = this.isNews(signedOutAt);
    this.#hasRead = true;
    this.signOutKnown(signedOutAt);
    if (isNews) this.signedOut();
  }

  /** This sign-out is in the store, or on its way there. */
  signOutKnown(knownSignOutAt: number | undefined): void {
    if (knownSignOutAt === undefined || knownSignOutAt === this.#facts.knownSignOutAt) return;
    this.#note({ knownSignOutAt });
  }

  watched(unsubscribe: () => void): void {
    this.#unsubscribe = unsubscribe;
  }

  /** The store could not be read: another look at it is scheduled. */
  lookPostponed(cancelLook: () => void): void {
    this.#note({ cancelLook });
  }

  scheduled(timer: AccountTimer): void {
    this.#timer = timer;
  }

  unschedule(): void {
    const timer = this.#timer;
    this.#timer = undefined;
    quietly(() => timer?.cancel(this));
  }

  #note(change: Partial<RareFacts>): void {
    this.#facts = { ...this.#facts, ...change };
  }
}

/** Calls an unsubscribe or cancel function and ignores what it throws: no caller waits for its result. */
function quietly(stop: (() => void) | undefined): void {
  try {
    stop?.();
  } catch {
    // The timer or subscription counts as ended.
  }
}

function remembering(ids: readonly string[], id: string): readonly string[] {
  return ids.includes(id) ? ids : [...ids, id].slice(-limits.rememberedSets);
}
