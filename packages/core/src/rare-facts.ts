import type { SessionContext } from './context.js';
import type { ClientLatch, Guard, Latch, Origin } from './envelope.js';
import type { AuthErrorCode } from './errors.js';
import type { Flight } from './flight.js';
import { alwaysPast } from './held-set.js';
import { healthOf, type SentExchange } from './issuer-health.js';
import * as limits from './limits.js';
import { RefusedReplays } from './refused-replays.js';
import { noIds, type RememberedIds } from './remembered-ids.js';
import type { TokenSet } from './tokens.js';

export const none: readonly never[] = [];

/** A set that this process holds and the store does not. */
export interface Unsaved {
  readonly tokens: TokenSet;
  /** The exchange that brought it; initial tokens count as from a login. */
  readonly by: 'login' | 'refresh';
  /** The set it replaces; undefined: none was stored. */
  readonly parentId?: string | undefined;
  /** Initial tokens: of use only where the store holds neither tokens nor a sign-out. */
  readonly isInitial?: boolean;
  /** Hash of the latch that an accepted password has lifted. */
  readonly liftedLatch?: string | undefined;
  /** Undefined where the store does not tell when it loses its data. */
  readonly origin?: Origin | undefined;
  /** A caller has named the set that it replaces as refused. */
  readonly isReplacement?: boolean;
  /** The store had the set, and has lost its data. */
  readonly isRestored?: boolean;
}

/** State that most accounts never have: they share `nothingRare`. Instants not from the store are monotonic. */
export interface RareFacts {
  /** The open sessions beside the first. */
  readonly others: readonly SessionContext[];
  /** The flight that has served its callers and still saves, or releases its lease. */
  readonly finishing?: Flight | undefined;
  readonly unsaved?: Unsaved | undefined;
  /** A refusal that could not be saved. */
  readonly latch?: Latch | undefined;
  /** A refusal of the client that could not be saved. */
  readonly client?: ClientLatch | undefined;
  /** When a login last stood in for a refresh, or tried to, on the monotonic clock. */
  readonly triedInsteadAt?: number | undefined;
  /** The store says that the refresh endpoint is broken: no refresh starts early. */
  readonly isRefreshBroken: boolean;
  /** When this process sent logins, on the monotonic clock: a wall clock that is set ahead drops none of them. */
  readonly loginsSent: readonly number[];
  /** The same for passwords that persons typed. */
  readonly typedLoginsSent: readonly number[];
  /** When the first of the row of failed exchanges failed, and when the last was sent, on the monotonic clock. */
  readonly failingSince?: number | undefined;
  readonly lastSentAt?: number | undefined;
  /** Other accounts of the issuer succeeded meanwhile: this is no outage. */
  readonly isOwnTrouble: boolean;
  /** Sessions that wait for their work to end, to be closed: failed saves are tried again soon. */
  readonly closings: number;
  /** No token call is sent before this. */
  readonly pausedUntil: number;
  /** What the pause is for; undefined where another process wrote it. */
  readonly pauseCode?: AuthErrorCode | undefined;
  /** The stored `notBefore` that `pausedUntil` already reflects. */
  readonly knownNotBefore?: number | undefined;
  /** The same count as `failures` of the guard, for this process alone: the stored count may be behind. */
  readonly exchangeFailures: number;
  /** Flights in a row that failed. */
  readonly flightFailures: number;
  /** No refresh starts in the background before this. */
  readonly quietUntil: number;
  /** Id of the set whose refresh token this process sent without getting the answer. */
  readonly lostId?: string | undefined;
  /** Sets that the API refused. */
  readonly refused: RememberedIds;
  /** Origins that refused the set of an exchange too. */
  readonly refusing: RefusedReplays;
  /** The set last handed out in place of one that a caller named as refused. */
  readonly replacementId?: string | undefined;
  /** Cancels the next look at a store that could not be read. */
  readonly cancelLook?: (() => void) | undefined;
  readonly isSignedOut: boolean;
  /** Since that sign-out somebody has signed in elsewhere. */
  readonly isSignOutOver: boolean;
  /** The store has lost that sign-out, and is to get it back. */
  readonly isSignOutLost: boolean;
  /** How many sign-outs there were: a flight compares the number to notice a sign-out that overtook the flight. */
  readonly signOuts: number;
  /** When the last sign-out was, by the record that this process has noted, epoch milliseconds. */
  readonly signedOutAt?: number | undefined;
  /** A sign-out on its way to the store: a sign-in waits for it. */
  readonly signOutUnderWay?: Promise<void> | undefined;
  /** The login whose set the last sign-out has ended; undefined where the store does not tell when it loses its data. */
  readonly endedLineage?: string | undefined;
  /** The last set that was written back after a loss of data: when, by its writer; and when this process saw it. */
  readonly restoredAt?: number | undefined;
  readonly restoredSeenAt?: number | undefined;
}

export const nothingRare: RareFacts = {
  others: none,
  isRefreshBroken: false,
  loginsSent: none,
  typedLoginsSent: none,
  isOwnTrouble: false,
  closings: 0,
  pausedUntil: alwaysPast,
  exchangeFailures: 0,
  flightFailures: 0,
  quietUntil: alwaysPast,
  refused: noIds,
  refusing: RefusedReplays.none,
  isSignedOut: false,
  isSignOutOver: false,
  isSignOutLost: false,
  signOuts: 0,
};

/**
 * The facts after a change. What is as in `nothingRare` is read through the prototype: of a hundred thousand accounts each
 * may know one such fact, such as its login.
 */
export function changed(facts: RareFacts, change: Partial<RareFacts>): RareFacts {
  const known: Partial<Record<keyof RareFacts, unknown>> = { ...facts, ...change };
  let next: Partial<Record<keyof RareFacts, unknown>> = nothingRare;
  for (const name of Object.keys(known) as (keyof RareFacts)[]) {
    if (known[name] === nothingRare[name]) continue;
    if (next === nothingRare) next = Object.create(nothingRare);
    next[name] = known[name];
  }
  return next as RareFacts;
}

/** What a successful exchange resets. */
export const nothingAgainstExchanges: Partial<RareFacts> = {
  client: undefined,
  lostId: undefined,
  pausedUntil: alwaysPast,
  pauseCode: undefined,
  exchangeFailures: 0,
  failingSince: undefined,
  lastSentAt: undefined,
  isOwnTrouble: false,
  flightFailures: 0,
  quietUntil: alwaysPast,
};

/** An exchange that failed, how many have failed in a row, and before when no token call is sent. */
export interface FailedExchange {
  readonly code: AuthErrorCode;
  readonly failures: number;
  /** Epoch milliseconds. */
  readonly notBefore: number;
  readonly sent: SentExchange;
}

/**
 * The pause in force, given the stored guard. It is bounded, because another machine's clock may be wrong. A pause that
 * has not begun yet was written by a clock far ahead: at the first read it is ignored. A pause of an outage ends soon
 * after the issuer has answered another account.
 */
export function pauseGiven(
  { clock, provider: { issuer }, recoverySpreadMs }: SessionContext,
  facts: RareFacts,
  guard: Guard,
  isFirstRead: boolean,
): Pick<RareFacts, 'pausedUntil' | 'pauseCode' | 'lastSentAt' | 'isOwnTrouble'> {
  const { notBefore, pauseMs = limits.rateLimitMaxMs, tookMs = 0, failures, isOwnTrouble } = guard;
  const now = clock.now();
  let { pausedUntil, pauseCode, lastSentAt } = facts;
  let isOwn = facts.isOwnTrouble || pauseCode === 'rate_limited';
  if (notBefore !== undefined && notBefore !== facts.knownNotBefore) {
    if (isFirstRead && isDatedAhead(guard, now)) return facts;
    const storedUntil = clock.monotonic() + Math.min(notBefore - now, limits.rateLimitMaxMs);
    const isAsked = failures === 0 && storedUntil > clock.monotonic();
    // A pause of this process that ends later may not be saved yet. One that the server asked for counts as such.
    if (storedUntil > pausedUntil || (isAsked && pauseCode !== 'rate_limited')) {
      pausedUntil = Math.max(pausedUntil, storedUntil);
      pauseCode = undefined;
      lastSentAt = clock.monotonic() - (now - (notBefore - pauseMs - tookMs));
      isOwn = isOwnTrouble === true || failures === 0;
    }
  }
  const health = healthOf(clock, issuer);
  if (health !== undefined && !isOwn && lastSentAt !== undefined && health.goodAt > lastSentAt)
    pausedUntil = Math.min(pausedUntil, Math.max(health.recoveredAt, lastSentAt) + recoverySpreadMs);
  return { pausedUntil, pauseCode, lastSentAt, isOwnTrouble: isOwn };
}

/** Whether a pause has not begun yet: a clock far ahead has dated it. */
export function isDatedAhead({ notBefore, pauseMs = limits.rateLimitMaxMs }: Guard, now: number): boolean {
  return notBefore !== undefined && notBefore - pauseMs > now + limits.clockAheadMs;
}
