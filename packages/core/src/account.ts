import type { Clock } from './clock.js';
import type { SessionContext } from './context.js';
import { type ClientLatch, type Envelope, type Guard, type Latch, lineageOf } from './envelope.js';
import type { AuthErrorCode } from './errors.js';
import type { Flight } from './flight.js';
import { alwaysPast, HeldSet } from './held-set.js';
import { healthOf } from './issuer-health.js';
import * as limits from './limits.js';
import {
  isDatedAhead,
  nothingAgainstExchanges,
  nothingRare,
  type Origin,
  orNothing,
  pauseGiven,
  type RareFacts,
  type Unsaved,
} from './rare-facts.js';
import {
  afterAcceptedReplay,
  afterRefusal,
  afterRefusedReplay,
  allowsExchange,
  higherLevels,
  refusalsFrom,
} from './refused-replays.js';
import { isRemembered, noIds, type RememberedIds, remembering } from './remembered-ids.js';
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
  /** The set in hand. Only this class replaces it; the session's fast path notes here that the set was handed out. */
  readonly held: HeldSet = new HeldSet();
  /** Written by the scheduler: the slot of this account's timer, -1 for none. */
  timerSlot = -1;
  /** The open sessions: the first, and the others, of which most accounts have none. */
  #context: SessionContext | undefined;
  #others: readonly SessionContext[] = none;
  #flight: Flight | undefined;
  #trailing: Flight | undefined;
  /** Sets whose refresh token the server has answered. */
  #spent: RememberedIds = noIds;
  /** When the account was made, epoch milliseconds; undefined once the store was read. */
  #unreadSince: number | undefined;
  /** Where the set that was read or saved last comes from; undefined where the store never tells of lost data. */
  #origin: Origin | undefined;
  #unsubscribe: (() => void) | undefined;
  #timer: AccountTimer | undefined;
  #facts: RareFacts = nothingRare;

  constructor(store: TokenStore, key: string, now: number) {
    this.store = store;
    this.key = key;
    this.#unreadSince = now;
  }

  get tokens(): TokenSet | undefined {
    return this.held.tokens;
  }

  get flight(): Flight | undefined {
    return this.#flight;
  }

  /** The flight that has served its callers and still saves, or releases its lease. */
  get trailing(): Flight | undefined {
    return this.#trailing;
  }

  get facts(): RareFacts {
    return this.#facts;
  }

  /** Whether the store was read: the first read may find an old sign-out, a later read finds only news. */
  get hasRead(): boolean {
    return this.#unreadSince === undefined;
  }

  get isWatched(): boolean {
    return this.#unsubscribe !== undefined;
  }

  /** The open sessions. */
  get contexts(): readonly SessionContext[] {
    return this.#context === undefined ? none : [this.#context, ...this.#others];
  }

  joined(context: SessionContext): void {
    if (this.#context === undefined) this.#context = context;
    else this.#others = [...this.#others, context];
  }

  left(context: SessionContext): void {
    const [first, ...others] = this.contexts.filter((each) => each !== context);
    this.#context = first;
    this.#others = others.length === 0 ? none : others;
  }

  /** The last session has left: ends the timer, the next look at the store and the subscription. */
  abandoned(): void {
    this.unschedule();
    this.#facts.cancelLook?.();
    quietly(this.#unsubscribe);
    this.#unsubscribe = undefined;
  }

  /** A set comes into hand: the server issued it to this process, or the store has it. */
  taken(context: SessionContext, tokens: TokenSet, from: 'exchange' | 'store'): void {
    this.held.take(context, tokens, from);
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

  /** Whether the set in hand can be sent without an exchange first. */
  isUsable(context: SessionContext): boolean {
    const isUsable = this.held.isUsable(context);
    return isUsable && this.tokens !== undefined && !this.isRefused(this.tokens.id);
  }

  /** Whether the API would still accept the set in hand, as far as we know: callers get it if an exchange fails. */
  isAlive(clock: Clock): boolean {
    const now = this.held.readClock(clock);
    return this.tokens !== undefined && !this.isRefused(this.tokens.id) && now < this.held.expiresAt;
  }

  isSpent(id: string): boolean {
    return isRemembered(this.#spent, id);
  }

  isRefused(id: string): boolean {
    return isRemembered(this.#facts.refused, id);
  }

  /** The server has answered this set's refresh token: it is never presented again. */
  refreshTokenSpent(id: string): void {
    this.#spent = remembering(this.#spent, id);
  }

  /** The answer to this set's refresh token was lost. */
  answerLost(id: string): void {
    this.#note({ lostId: id });
  }

  /** The API refused the set in hand at this origin. False: this is no reason for an exchange. */
  refused(clock: Clock, { id, issuedAt }: TokenSet, origin: string): boolean {
    const now = clock.monotonic();
    const { refusing, refused } = this.#facts;
    // The wall clock tells the age of a set that another process fetched.
    const ageMs = Math.max(this.held.heldForMs(clock), clock.now() - issuedAt);
    const isReason = allowsExchange(refusing, origin, ageMs, now);
    const change = { refusing: afterRefusal(refusing, origin, now) };
    this.#note(isReason ? { ...change, refused: remembering(refused, id) } : change);
    if (isReason) this.held.makeStale();
    return isReason;
  }

  /** An origin refused a set that had just come to replace a refused one. False: that was known of this set. */
  replayRefused(clock: Clock, origin: string, id: string): boolean {
    const { refusing } = this.#facts;
    this.#note({ refusing: afterRefusedReplay(refusing, origin, id, clock.monotonic()) });
    return !refusing.some((each) => each.origin === origin && each.setId === id);
  }

  /** False: nothing was known against the origin. */
  replayAccepted(origin: string): boolean {
    const refusing = afterAcceptedReplay(this.#facts.refusing, origin);
    const isNews = refusing.length !== this.#facts.refusing.length;
    if (isNews) this.#note({ refusing });
    return isNews;
  }

  /** Whether the set in hand is of the same login as the stored set, and newer: the store has lost what came between. */
  isNewerThan(envelope: Envelope): boolean {
    const origin = this.#origin;
    if (origin === undefined || origin.tokenId !== this.tokens?.id) return false;
    return origin.lineage === lineageOf(envelope) && origin.generation > (envelope.generation ?? 0);
  }

  /** This is what the store holds. */
  seen(clock: Clock, envelope: Envelope): void {
    if (this.store.dataId === undefined) return;
    const { tokens, generation = 0, restoredAt } = envelope;
    const lineage = lineageOf(envelope);
    const { isSignedOut, isSignOutOver, signedOutLineage } = this.#facts;
    if (restoredAt !== undefined && restoredAt !== this.#facts.restoredAt)
      this.#note({ restoredAt, restoredSeenAt: clock.monotonic() });
    if (lineage === undefined) return;
    if (tokens === undefined) {
      if (lineage !== signedOutLineage) this.#note({ signedOutLineage: lineage });
    } else if (tokens.id !== this.#origin?.tokenId)
      this.#origin = { tokenId: tokens.id, lineage, generation };
    if (isSignedOut && !isSignOutOver && tokens !== undefined && lineage !== signedOutLineage)
      this.#note({ isSignOutOver: true });
  }

  /** The store has lost its data: a good set in hand counts as unsaved, and a sign-out as not written. */
  dataLost(): void {
    const { tokens } = this;
    const { isSignedOut, isSignOutOver, unsaved } = this.#facts;
    if (isSignedOut && !isSignOutOver) this.#note({ isSignOutLost: true });
    if (tokens === undefined || this.isSpent(tokens.id) || unsaved !== undefined) return;
    if (this.isRefused(tokens.id) && tokens.refreshToken === undefined) return;
    const origin = this.#origin?.tokenId === tokens.id ? this.#origin : undefined;
    const row = { tokens, by: 'refresh', parentId: undefined, isInitial: false } as const;
    this.saveDeferred({ ...row, liftedLatch: undefined, origin, isRestored: true });
    this.held.makeStale();
  }

  /** The sign-out of this process ends this login. */
  signOutEnds(signedOutLineage: string | undefined): void {
    if (signedOutLineage !== undefined) this.#note({ signedOutLineage });
  }

  /** The store has the sign-out again, or a login since then. */
  signOutRestored(): void {
    this.#note({ isSignOutLost: false });
  }

  /** The store has these levels beside its set. */
  refusalsRead(clock: Clock, { tokens, rejections }: Envelope): void {
    const stored = refusalsFrom(rejections, clock.monotonic());
    const isInHand = tokens?.id === this.tokens?.id;
    const refusing = isInHand ? higherLevels(this.#facts.refusing, stored) : stored;
    if (refusing !== this.#facts.refusing) this.#note({ refusing });
  }

  /** A caller got this set in place of one that it named as refused. */
  replacementHandedOut(replacementId: string): void {
    this.#note({ replacementId });
  }

  flightStarted(flight: Flight): void {
    this.#flight = flight;
  }

  /** The flight has served its callers. `trailing`: the flight, if it still saves or has a lease to release. */
  flightLanded(trailing: Flight | undefined): void {
    this.#flight = undefined;
    this.#trailing = trailing;
  }

  /** The trailing flight has stopped saving: the next caller's flight saves a set that is still unsaved. */
  savingEnded(): void {
    if (this.#facts.unsaved !== undefined) this.held.makeStale();
  }

  flightEnded(): void {
    this.#trailing = undefined;
  }

  flightFailed(clock: Clock, flightFailures: number, quietMs: number): void {
    this.#note({ flightFailures, quietUntil: clock.monotonic() + quietMs });
  }

  /** A refresh in the background went well. If its set is due again already, the next refresh waits. */
  refreshedInBackground(clock: Clock): void {
    if (!this.held.isFresh) this.#note({ quietUntil: clock.monotonic() + limits.exchangeGapMs });
  }

  /** An exchange succeeded, here or elsewhere. */
  exchangeSucceeded(): void {
    if (this.#facts !== nothingRare) this.#note(nothingAgainstExchanges);
  }

  /** An exchange failed: no token call before `notBefore`. */
  exchangeFailed(
    { clock, provider: { issuer } }: SessionContext,
    pauseCode: AuthErrorCode,
    exchangeFailures: number,
    notBefore: number,
  ): void {
    const failedAt = clock.monotonic();
    const pausedUntil = failedAt + (notBefore - clock.now());
    const { failingSince = failedAt } = this.#facts;
    const isOwnTrouble = (healthOf(clock, issuer)?.goodAt ?? alwaysPast) > failingSince;
    const row = { exchangeFailures, failingSince, failedAt, isOwnTrouble };
    this.#note({ ...row, pauseCode, pausedUntil, knownNotBefore: notBefore });
  }

  /** A stored `notBefore` was read. */
  #pauseRead(context: SessionContext, guard: Guard): void {
    const { notBefore } = guard;
    if (notBefore === undefined || notBefore === this.#facts.knownNotBefore) return;
    const pause = pauseGiven(context, this.#facts, guard, !this.hasRead);
    this.#note({ ...pause, knownNotBefore: notBefore });
  }

  /** What was counted as sent was not: there was no one-time code. */
  loginNotSent(isTyped: boolean): void {
    const kind = isTyped ? 'typedLoginsSent' : 'loginsSent';
    this.#note({ [kind]: this.#facts[kind].slice(0, -1) });
  }

  loginSent(clock: Clock, isTyped: boolean): void {
    const now = clock.monotonic();
    const kind = isTyped ? 'typedLoginsSent' : 'loginsSent';
    const recent = this.#facts[kind].filter((at) => at > now - limits.loginWindowMs);
    this.#note({ [kind]: [...recent, now] });
  }

  /** A login was refused, and its latch is not saved yet. Undefined: the latch is saved or lifted. */
  latched(latch: Latch | undefined): void {
    if (latch !== this.#facts.latch) this.#note({ latch });
  }

  /** The server refused the client, and that is not saved yet. Undefined: it is. */
  clientRefused(client: ClientLatch | undefined): void {
    this.#note({ client });
  }

  /** A stored guard was read. */
  guardRead(context: SessionContext, guard: Guard, isPauseKnown: boolean): void {
    // A pause that is ignored because the first read found it stays ignored, also if that read needed no exchange.
    const isIgnored = !this.hasRead && isDatedAhead(guard, context.clock.now());
    if (isPauseKnown || isIgnored) this.#pauseRead(context, guard);
    this.refreshEndpointSeen(guard.refreshFails?.isBroken === true);
  }

  /** The refresh endpoint works, or does not work at all, as far as this process or the store can tell. */
  refreshEndpointSeen(isRefreshBroken: boolean): void {
    if (isRefreshBroken !== this.#facts.isRefreshBroken) this.#note({ isRefreshBroken });
  }

  /** A login stands in for a refresh, if it can be sent. */
  triedInstead(clock: Clock): void {
    this.#note({ triedInsteadAt: clock.monotonic() });
  }

  /** This set is kept in memory until it is saved. Undefined: no set is unsaved. */
  saveDeferred(unsaved: Unsaved | undefined): void {
    if (unsaved !== this.#facts.unsaved) this.#note({ unsaved });
  }

  /** Somebody signed out: the set in hand is dropped, and every session is told. */
  signedOut(): void {
    const { signOuts } = this.#facts;
    const signedOutLineage = this.#origin?.lineage ?? this.#facts.signedOutLineage;
    const news = { isSignedOut: true, isSignOutOver: false, isSignOutLost: false, signedOutLineage };
    this.#note({ ...news, signOuts: signOuts + 1, unsaved: undefined });
    this.held.drop();
    this.unschedule();
    for (const context of this.contexts) context.emit({ type: 'signed_out' });
  }

  signedIn(): void {
    if (this.#facts.isSignedOut)
      this.#note({ isSignedOut: false, isSignOutOver: false, isSignOutLost: false });
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
    const since = this.#unreadSince;
    // A sign-out dated far ahead of the first read was dated by a clock far ahead: nobody can tell how old it is.
    const isRecent =
      since === undefined || (signedOutAt > since && signedOutAt <= since + limits.clockAheadMs);
    return isRecent && !this.#facts.isSignedOut;
  }

  /** The store was read: it holds this sign-out, or none. */
  signOutRead(signedOutAt: number | undefined): void {
    const isNews = this.isNews(signedOutAt);
    this.#unreadSince = undefined;
    this.signOutKnown(signedOutAt);
    if (isNews) this.signedOut();
  }

  /** This sign-out is in the store, or on its way there. */
  signOutKnown(knownSignOutAt: number | undefined): void {
    if (knownSignOutAt === undefined || knownSignOutAt === this.#facts.knownSignOutAt) return;
    this.#note({ knownSignOutAt });
  }

  get isClosing(): boolean {
    return this.#facts.closings > 0;
  }

  closingBegan(): void {
    this.#note({ closings: this.#facts.closings + 1 });
  }

  closingEnded(): void {
    this.#note({ closings: this.#facts.closings - 1 });
  }

  /** The store's notifications were cut off: the set in hand is not used before the store was read. */
  newsMissed(): void {
    this.held.doubt();
  }

  /** The store was read, or cannot be read: then the set in hand is served, as it is in any failure of the store. */
  caughtUp(context: SessionContext): void {
    this.held.doubtEnded(context);
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

  /** This session takes no calls any more: if it was the only one, nothing needs a timer. */
  unscheduleFor(context: SessionContext): void {
    if (this.contexts.every((each) => each === context)) this.unschedule();
  }

  unschedule(): void {
    const timer = this.#timer;
    this.#timer = undefined;
    quietly(() => timer?.cancel(this));
  }

  #note(change: Partial<RareFacts>): void {
    this.#facts = orNothing({ ...this.#facts, ...change });
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
