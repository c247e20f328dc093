import type { Clock } from './clock.js';
import type { SessionContext } from './context.js';
import type { Envelope } from './envelope.js';
import { ExchangeState } from './exchange-state.js';
import type { Flight } from './flight.js';
import { HeldSet } from './held-set.js';
import * as limits from './limits.js';
import { quietly } from './quietly.js';
import { none } from './rare-facts.js';
import { RefusedReplays } from './refused-replays.js';
import { isRemembered, noIds, type RememberedIds, remembering } from './remembered-ids.js';
import type { TimerOwner } from './scheduler/timer-scheduler.js';
import type { TokenStore } from './store.js';
import type { TokenSet } from './tokens.js';

/** Where an account's refresh is scheduled. */
export interface AccountTimer {
  cancel(account: Account): void;
}

/**
 * What this process knows of one key of one store, shared by all its sessions on that key. Only this class, with those
 * that it extends, changes the state of an account, and a method that changes the state is named after what happened.
 *
 * A set is in hand until a sign-out; it may be expired, or refused by the API. At most one flight is under way, and at
 * most one earlier flight trails behind it. An unsaved set is the set in hand, unless it holds initial tokens.
 */
export class Account extends ExchangeState implements TimerOwner {
  readonly store: TokenStore;
  readonly key: string;
  /** The set in hand. Only this class replaces it; who hands it out, or reads the store, notes that here. */
  readonly held: HeldSet = new HeldSet();
  /** Written by the scheduler: the slot of this account's timer, -1 for none. */
  timerSlot = -1;
  /** The first of the open sessions; most accounts have no other. */
  #context: SessionContext | undefined;
  #flight: Flight | undefined;
  /** Sets whose refresh token the server has answered. */
  #spent: RememberedIds = noIds;
  #unsubscribe: (() => void) | undefined;
  #timer: AccountTimer | undefined;

  constructor(store: TokenStore, key: string, now: number) {
    super(now);
    this.store = store;
    this.key = key;
  }

  get tokens(): TokenSet | undefined {
    return this.held.tokens;
  }

  get flight(): Flight | undefined {
    return this.#flight;
  }

  /** The flight that has served its callers and still saves, or releases its lease. */
  get finishing(): Flight | undefined {
    return this.facts.finishing;
  }

  get isWatched(): boolean {
    return this.#unsubscribe !== undefined;
  }

  /** The open sessions. */
  get contexts(): readonly SessionContext[] {
    return this.#context === undefined ? none : [this.#context, ...this.facts.others];
  }

  joined(context: SessionContext): void {
    if (this.#context === undefined) this.#context = context;
    else this.note({ others: [...this.facts.others, context] });
  }

  left(context: SessionContext): void {
    const [first, ...others] = this.contexts.filter((each) => each !== context);
    this.#context = first;
    if (this.facts.others.length > 0) this.note({ others: others.length === 0 ? none : others });
  }

  /** The last session has left: ends the next look at the store and the subscription. */
  abandoned(): void {
    this.facts.cancelLook?.();
    quietly(this.#unsubscribe);
    this.#unsubscribe = undefined;
  }

  /** A set comes into hand, unless somebody has signed out: the server issued it to this process, or the store has it. */
  taken(context: SessionContext, tokens: TokenSet, from: 'exchange' | 'store'): void {
    if (!this.isSignedOut) this.held.take(context, tokens, from);
  }

  /** A usable set that somebody else saved was found in the store. */
  adopted(context: SessionContext, tokens: TokenSet): TokenSet {
    const previous = this.tokens;
    if (tokens.id === previous?.id) return previous;
    // The flight that brings it learns of the sign-out when it lands.
    if (this.isSignedOut) return tokens;
    this.held.take(context, tokens, 'store');
    this.exchangeSucceeded();
    context.emit({ type: 'adopted', tokenId: tokens.id, previousId: previous?.id });
    return tokens;
  }

  /** Whether the set in hand can be sent without an exchange first. */
  isUsable(context: SessionContext): boolean {
    return this.held.isUsable(context) && !this.isRefused(this.tokens?.id);
  }

  /** Whether the API would still accept the set in hand, as far as we know: callers get it if an exchange fails. */
  isAlive(clock: Clock): boolean {
    const now = this.held.readClock(clock);
    return this.tokens !== undefined && !this.isRefused(this.tokens.id) && now < this.held.expiresAt;
  }

  isSpent(id: string): boolean {
    return isRemembered(this.#spent, id);
  }

  /** The server has answered this set's refresh token: it is never presented again. */
  refreshTokenSpent(id: string): void {
    this.#spent = remembering(this.#spent, id);
  }

  /** The API refused the set in hand at this origin. False: this is no reason for an exchange. */
  refused(clock: Clock, { id }: TokenSet, origin: string): boolean {
    const now = clock.monotonic();
    const { refusing, refused } = this.facts;
    const isReason = refusing.allowsExchange(origin, this.held.ageMs(clock), now);
    const change = { refusing: refusing.afterRefusal(origin, now) };
    this.note(isReason ? { ...change, refused: remembering(refused, id) } : change);
    if (isReason) this.held.makeStale();
    return isReason;
  }

  /** This is what the store holds. */
  override seen(clock: Clock, envelope: Envelope): void {
    // A set that somebody has written back is waited for through any store.
    if (this.store.dataId !== undefined || envelope.restoredAt !== undefined) super.seen(clock, envelope);
  }

  /** The store has lost its data: a good set in hand counts as unsaved, and a sign-out as not written. */
  override dataLost(): void {
    const { tokens } = this;
    super.dataLost();
    if (tokens === undefined || this.isSpent(tokens.id) || this.facts.unsaved !== undefined) return;
    if (this.isRefused(tokens.id) && tokens.refreshToken === undefined) return;
    this.saveDeferred({ tokens, by: 'refresh', origin: this.originOf(tokens), isRestored: true });
    this.held.makeStale();
  }

  /** The store has these levels beside its set, and says whether that replaces a refused one. */
  refusalsRead(clock: Clock, envelope: Envelope): void {
    const stored = RefusedReplays.from(envelope, clock);
    const isInHand = envelope.tokens?.id === this.tokens?.id;
    const refusing = isInHand ? this.facts.refusing.withHigher(stored, clock.monotonic()) : stored;
    if (refusing !== this.facts.refusing) this.note({ refusing });
    // Whoever names it soon was refused in a replay, whichever process handed it out.
    const { replacementId } = envelope;
    if (replacementId !== undefined && replacementId === envelope.tokens?.id)
      this.replacementHandedOut(replacementId);
  }

  /** Whether somebody signed out while the flight was under way: the flight's result is dropped. */
  hasSignedOutSince(flight: Flight): boolean {
    return this.facts.signOuts !== flight.signOutsSeen;
  }

  flightStarted(flight: Flight): void {
    this.#flight = flight;
  }

  /** The flight has served its callers. `finishing`: the flight, if it still saves or has a lease to release. */
  flightServed(finishing: Flight | undefined): void {
    this.#flight = undefined;
    if (finishing !== this.finishing) this.note({ finishing });
  }

  /** The finishing flight has stopped saving: the next caller's flight saves a set that is still unsaved. */
  savingEnded(): void {
    if (this.facts.unsaved !== undefined) this.held.makeStale();
  }

  flightEnded(): void {
    this.note({ finishing: undefined });
  }

  /** A refresh in the background went well. If its set is due again already, the next refresh waits. */
  refreshedInBackground(clock: Clock): void {
    if (!this.held.isFresh) this.note({ quietUntil: clock.monotonic() + limits.exchangeGapMs });
  }

  /** Somebody signed out: the set in hand is dropped, and every session is told. */
  override signedOut(): void {
    super.signedOut();
    this.saveDeferred(undefined);
    // There is nothing to save any more, and others wait for the lease.
    this.finishing?.stopSaving();
    this.held.drop();
    this.unschedule();
    for (const context of this.contexts) context.emit({ type: 'signed_out' });
  }

  /** It holds a set that is nowhere else. */
  get holdsUnsaved(): boolean {
    return this.facts.unsaved !== undefined && this.facts.unsaved.isInitial !== true;
  }

  /** It is to write back what the store has lost. */
  get isToRestore(): boolean {
    return this.facts.isSignOutLost || this.facts.unsaved?.isRestored === true;
  }

  /** Whether this set's refresh token is worth sending, and was not answered yet. */
  canRefresh(context: SessionContext, tokens: TokenSet): boolean {
    return context.canRefresh(tokens) && !this.isSpent(tokens.id);
  }

  get isClosing(): boolean {
    return this.facts.closings > 0;
  }

  closingBegan(): void {
    this.note({ closings: this.facts.closings + 1 });
  }

  closingEnded(): void {
    this.note({ closings: this.facts.closings - 1 });
  }

  watched(unsubscribe: () => void): void {
    this.#unsubscribe = unsubscribe;
  }

  /** The store could not be read: another look at it is scheduled. */
  lookPostponed(cancelLook: () => void): void {
    this.note({ cancelLook });
  }

  scheduled(timer: AccountTimer): void {
    this.#timer = timer;
  }

  unschedule(): void {
    const timer = this.#timer;
    this.#timer = undefined;
    quietly(() => timer?.cancel(this));
  }
}
