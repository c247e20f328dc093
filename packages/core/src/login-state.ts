import type { Clock } from './clock.js';
import { type Envelope, lineageOf } from './envelope.js';
import * as limits from './limits.js';
import type { TokenSet } from './tokens.js';

/** Which login a set comes from: tells which of two sets of one login is the newer, where the store has lost both. */
export interface Origin {
  readonly lineage: string;
  readonly generation: number;
}

/** Whether a set is of the same login as the stored set, and newer: the store has lost what came between. */
export function isNewer(origin: Origin | undefined, stored: Envelope): boolean {
  if (origin === undefined || origin.lineage !== lineageOf(stored)) return false;
  return origin.generation > (stored.generation ?? 0);
}

/** What most accounts never learn: they share `nothingKnown`. */
interface Known {
  readonly isSignedOut: boolean;
  /** Since that sign-out somebody has signed in elsewhere. */
  readonly isOver: boolean;
  /** The store has lost that sign-out, and is to get it back. */
  readonly isLost: boolean;
  /** How many sign-outs there were. */
  readonly count: number;
  /** The login whose set the last sign-out has ended; undefined where the store does not tell when it loses its data. */
  readonly endedLineage?: string | undefined;
  /** When the last sign-out was, by the record that this process has noted. */
  readonly at?: number | undefined;
  /** A sign-out on its way to the store. */
  readonly underWay?: Promise<void> | undefined;
  /** The last set that was written back after a loss of data: when, by its writer; and when this process saw it. */
  readonly restoredAt?: number | undefined;
  readonly restoredSeenAt?: number | undefined;
}

const nothingKnown: Known = { isSignedOut: false, isOver: false, isLost: false, count: 0 };

/**
 * What a process knows of the login that an account's tokens come from, and of sign-outs since. An account extends it, and
 * has no object of its own for it: a process may hold a hundred thousand.
 */
export class LoginState {
  /** When the account was made, epoch milliseconds; undefined once the store was read. */
  #unreadSince: number | undefined;
  /** Where the set with this id comes from; undefined where the store never tells of lost data. */
  #origin: (Origin & { readonly tokenId: string }) | undefined;
  #known: Known = nothingKnown;

  constructor(now: number) {
    this.#unreadSince = now;
  }

  /** Whether the store was read: the first read may find an old sign-out, a later read finds only news. */
  get hasRead(): boolean {
    return this.#unreadSince === undefined;
  }

  get isSignedOut(): boolean {
    return this.#known.isSignedOut;
  }

  /** How many sign-outs there were: a flight compares the number to notice a sign-out that overtook the flight. */
  get signOuts(): number {
    return this.#known.count;
  }

  /** A sign-out on its way to the store: a sign-in waits for it. */
  get signOutUnderWay(): Promise<void> | undefined {
    return this.#known.underWay;
  }

  /** The store has lost the sign-out, and is to get it back. */
  get isSignOutLost(): boolean {
    return this.#known.isLost;
  }

  /** When the last sign-out was, epoch milliseconds. */
  get signedOutAt(): number | undefined {
    return this.#known.at;
  }

  /** The login that the last sign-out has ended. */
  get endedLineage(): string | undefined {
    return this.#known.endedLineage;
  }

  /** When this process saw, on the monotonic clock, that somebody has written a set back. */
  get restoredSeenAt(): number | undefined {
    return this.#known.restoredSeenAt;
  }

  originOf(tokens: TokenSet): Origin | undefined {
    return this.#origin?.tokenId === tokens.id ? this.#origin : undefined;
  }

  /** This is what the store holds. */
  seen(clock: Clock, envelope: Envelope): void {
    const { tokens, generation = 0, restoredAt } = envelope;
    const { isSignedOut, isOver, endedLineage } = this.#known;
    const lineage = lineageOf(envelope);
    if (restoredAt !== undefined && restoredAt !== this.#known.restoredAt)
      this.#known = { ...this.#known, restoredAt, restoredSeenAt: clock.monotonic() };
    if (lineage === undefined) return;
    if (tokens === undefined) {
      if (lineage !== endedLineage) this.#known = { ...this.#known, endedLineage: lineage };
      return;
    }
    if (tokens.id !== this.#origin?.tokenId) this.#origin = { tokenId: tokens.id, lineage, generation };
    if (isSignedOut && !isOver && lineage !== endedLineage) this.#known = { ...this.#known, isOver: true };
  }

  /** The store has lost its data, and with it a sign-out that no later login has ended. */
  dataLost(): void {
    const { isSignedOut, isOver } = this.#known;
    if (isSignedOut && !isOver) this.#known = { ...this.#known, isLost: true };
  }

  signOutBegan(underWay: Promise<void>): void {
    this.#known = { ...this.#known, underWay };
  }

  signOutEnded(underWay: Promise<void>): void {
    if (this.#known.underWay === underWay) this.#known = { ...this.#known, underWay: undefined };
  }

  /** Somebody signed out. */
  signedOut(): void {
    const { count, endedLineage } = this.#known;
    const news = { isSignedOut: true, isOver: false, isLost: false };
    this.#known = {
      ...this.#known,
      ...news,
      endedLineage: this.#origin?.lineage ?? endedLineage,
      count: count + 1,
    };
  }

  signedIn(): void {
    if (this.#known.isSignedOut)
      this.#known = { ...this.#known, isSignedOut: false, isOver: false, isLost: false };
  }

  /** The sign-out of this process ends this login. */
  signOutEnds(endedLineage: string | undefined): void {
    if (endedLineage !== undefined) this.#known = { ...this.#known, endedLineage };
  }

  /** The store has the sign-out again, or a login since then. */
  signOutRestored(): void {
    this.#known = { ...this.#known, isLost: false };
  }

  /** This sign-out is in the store, or on its way there. */
  signOutKnown(at: number | undefined): void {
    if (at !== undefined && at !== this.#known.at) this.#known = { ...this.#known, at };
  }

  /**
   * Whether a stored sign-out is news. A sign-out that the first read finds is news only if it is later than this
   * account's creation: a program that starts after a sign-out may log in.
   */
  isNews(signedOutAt: number | undefined): boolean {
    if (signedOutAt === undefined || signedOutAt === this.#known.at) return false;
    const since = this.#unreadSince;
    // A sign-out dated far ahead of the first read was dated by a clock far ahead: nobody can tell how old it is.
    const isRecent =
      since === undefined || (signedOutAt > since && signedOutAt <= since + limits.clockAheadMs);
    return isRecent && !this.#known.isSignedOut;
  }

  /** The store was read: it holds this sign-out, or none. */
  signOutRead(signedOutAt: number | undefined): void {
    const isNews = this.isNews(signedOutAt);
    this.#unreadSince = undefined;
    this.signOutKnown(signedOutAt);
    if (isNews) this.signedOut();
  }
}
