import type { Clock } from './clock.js';
import { type Envelope, lineageOf, type Origin } from './envelope.js';
import * as limits from './limits.js';
import { changed, nothingRare, type RareFacts } from './rare-facts.js';
import type { TokenSet } from './tokens.js';

/**
 * What a process knows of the login that an account's tokens come from, and of sign-outs since; and the rare facts of the
 * account, of which these are some. An account extends it, and has no object of its own for it: a process may hold a
 * hundred thousand.
 */
export class LoginState {
  /** When the account was made, epoch milliseconds; undefined once the store was read. */
  #unreadSince: number | undefined;
  /** Where the set with this id comes from; undefined where the store never tells of lost data. */
  #origin: (Origin & { readonly tokenId: string }) | undefined;
  #facts: RareFacts = nothingRare;

  constructor(now: number) {
    this.#unreadSince = now;
  }

  get facts(): RareFacts {
    return this.#facts;
  }

  protected note(change: Partial<RareFacts>): void {
    this.#facts = changed(this.#facts, change);
  }

  /** Whether the store was read: the first read may find an old sign-out, a later read finds only news. */
  get hasRead(): boolean {
    return this.#unreadSince === undefined;
  }

  get isSignedOut(): boolean {
    return this.#facts.isSignedOut;
  }

  originOf(tokens: TokenSet): Origin | undefined {
    return this.#origin?.tokenId === tokens.id ? this.#origin : undefined;
  }

  /** This is what the store holds. */
  seen(clock: Clock, envelope: Envelope): void {
    const { tokens, generation = 0, restoredAt } = envelope;
    const { isSignedOut, isSignOutOver, endedLineage } = this.#facts;
    const lineage = lineageOf(envelope);
    if (restoredAt !== undefined && restoredAt !== this.#facts.restoredAt)
      this.note({ restoredAt, restoredSeenAt: clock.monotonic() });
    if (lineage === undefined) return;
    if (tokens === undefined) {
      this.signOutEnds(lineage);
      return;
    }
    if (tokens.id !== this.#origin?.tokenId) this.#origin = { tokenId: tokens.id, lineage, generation };
    if (isSignedOut && !isSignOutOver && lineage !== endedLineage) this.note({ isSignOutOver: true });
  }

  /** The store has lost its data, and with it a sign-out that no later login has ended. */
  dataLost(): void {
    const { isSignedOut, isSignOutOver } = this.#facts;
    if (isSignedOut && !isSignOutOver) this.note({ isSignOutLost: true });
  }

  signOutBegan(signOutUnderWay: Promise<void>): void {
    this.note({ signOutUnderWay });
  }

  signOutEnded(signOutUnderWay: Promise<void>): void {
    if (this.#facts.signOutUnderWay === signOutUnderWay) this.note({ signOutUnderWay: undefined });
  }

  /** Somebody signed out. */
  signedOut(): void {
    const { signOuts, endedLineage } = this.#facts;
    this.note({
      ...noSignOut,
      isSignedOut: true,
      endedLineage: this.#origin?.lineage ?? endedLineage,
      signOuts: signOuts + 1,
    });
  }

  signedIn(): void {
    if (this.#facts.isSignedOut) this.note(noSignOut);
  }

  /** The sign-out of this process ends this login. */
  signOutEnds(endedLineage: string | undefined): void {
    if (endedLineage !== undefined && endedLineage !== this.#facts.endedLineage) this.note({ endedLineage });
  }

  /** The store has the sign-out again, or a login since then. */
  signOutRestored(): void {
    this.note({ isSignOutLost: false });
  }

  /** This sign-out is in the store, or on its way there. */
  signOutKnown(signedOutAt: number | undefined): void {
    if (signedOutAt !== undefined && signedOutAt !== this.#facts.signedOutAt) this.note({ signedOutAt });
  }

  /**
   * Whether a stored sign-out is news. A sign-out that the first read finds is news only if it is later than this
   * account's creation: a program that starts after a sign-out may log in.
   */
  isNews(signedOutAt: number | undefined): boolean {
    if (signedOutAt === undefined || signedOutAt === this.#facts.signedOutAt) return false;
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
}

const noSignOut = { isSignedOut: false, isSignOutOver: false, isSignOutLost: false } as const;
