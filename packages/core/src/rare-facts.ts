import type { Latch } from './envelope.js';
import type { AuthErrorCode } from './errors.js';
import type { Flight } from './flight.js';
import { alwaysPast } from './held-set.js';
import type { TokenSet } from './tokens.js';

const none: readonly never[] = [];

/** A set that this process holds and the store does not. */
export interface Unsaved {
  readonly tokens: TokenSet;
  /** The set it replaces; undefined: none was stored. */
  readonly parentId: string | undefined;
  /** Initial tokens: of use only where the store holds neither tokens nor a sign-out. */
  readonly isInitial: boolean;
  /** Hash of the latch that an accepted password has lifted. */
  readonly liftedLatch: string | undefined;
}

/** State that most accounts never have: they share `nothingRare`. Instants not from the store are monotonic. */
export interface RareFacts {
  /** The flight that has served its callers and still saves, or releases its lease. */
  readonly trailing?: Flight | undefined;
  readonly unsaved?: Unsaved | undefined;
  /** A refusal that could not be saved. */
  readonly latch?: Latch | undefined;
  /** When this process sent logins, on the monotonic clock: a wall clock that is set ahead drops none of them. */
  readonly loginsSent: readonly number[];
  /** A sign-out on its way to the store: a sign-in waits for it. */
  readonly signingOut?: Promise<void> | undefined;
  readonly isSignedOut: boolean;
  /** How many sign-outs there were: a flight compares the number to notice a sign-out that overtook the flight. */
  readonly signOuts: number;
  /** The stored sign-out that this process has noted. */
  readonly knownSignOutAt?: number | undefined;
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
  /** Ids of sets whose refresh token the server has answered. */
  readonly spent: readonly string[];
  /** Ids of sets that the API refused. */
  readonly refused: readonly string[];
  /** How many sets in a row the API refused; a set that was in hand for long starts again at 1. */
  readonly rejections: number;
  /** Cancels the next look at a store that could not be read. */
  readonly cancelLook?: (() => void) | undefined;
}

export const nothingRare: RareFacts = {
  loginsSent: none,
  isSignedOut: false,
  signOuts: 0,
  pausedUntil: alwaysPast,
  exchangeFailures: 0,
  flightFailures: 0,
  quietUntil: alwaysPast,
  spent: none,
  refused: none,
  rejections: 0,
};

/** What a successful exchange resets. */
export const nothingAgainstExchanges: Partial<RareFacts> = {
  pausedUntil: alwaysPast,
  pauseCode: undefined,
  exchangeFailures: 0,
  flightFailures: 0,
  quietUntil: alwaysPast,
};
