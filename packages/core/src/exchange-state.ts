import type { Clock } from './clock.js';
import type { SessionContext } from './context.js';
import type { ClientLatch, Guard, Latch } from './envelope.js';
import * as limits from './limits.js';
import { LoginState } from './login-state.js';
import {
  type FailedExchange,
  isDatedAhead,
  nothingAgainstExchanges,
  nothingRare,
  pauseGiven,
  type Unsaved,
} from './rare-facts.js';
import { isRemembered } from './remembered-ids.js';

/** Which logins: those of configured secrets, or of passwords that persons typed. */
export type LoginsSent = 'loginsSent' | 'typedLoginsSent';

/**
 * What a process knows of an account's exchanges: which have failed, what was refused, what is not saved yet. An account
 * extends it, and has no object of its own for it.
 */
export class ExchangeState extends LoginState {
  isRefused(id: string | undefined): boolean {
    return id !== undefined && isRemembered(this.facts.refused, id);
  }

  /** The answer to this set's refresh token was lost. */
  answerLost(id: string): void {
    this.note({ lostId: id });
  }

  /** An origin refused a set that had just come to replace a refused one. False: that was known of this set. */
  replayRefused(clock: Clock, origin: string, id: string): boolean {
    const { refusing } = this.facts;
    this.note({ refusing: refusing.afterRefusedReplay(origin, id, clock.monotonic()) });
    return !refusing.hasRefused(origin, id);
  }

  /** False: nothing was known against the origin. */
  replayAccepted(origin: string): boolean {
    const refusing = this.facts.refusing.afterAcceptedReplay(origin);
    const isNews = refusing !== this.facts.refusing;
    if (isNews) this.note({ refusing });
    return isNews;
  }

  /** A caller got this set in place of one that it named as refused. */
  replacementHandedOut(replacementId: string): void {
    if (replacementId !== this.facts.replacementId) this.note({ replacementId });
  }

  flightFailed(clock: Clock, flightFailures: number, quietMs: number): void {
    this.note({ flightFailures, quietUntil: clock.monotonic() + quietMs });
  }

  /** An exchange succeeded, here or elsewhere. */
  exchangeSucceeded(): void {
    if (this.facts !== nothingRare) this.note(nothingAgainstExchanges);
  }

  /** An exchange failed: no token call before `notBefore`. */
  exchangeFailed(
    clock: Clock,
    { code: pauseCode, failures: exchangeFailures, notBefore, sent }: FailedExchange,
  ): void {
    const { failingSince = clock.monotonic() } = this.facts;
    this.note({
      exchangeFailures,
      failingSince,
      lastSentAt: sent.at,
      // How the server was when the exchange was sent.
      isOwnTrouble: sent.issuerGoodAt > failingSince,
      pauseCode,
      pausedUntil: clock.monotonic() + (notBefore - clock.now()),
      knownNotBefore: notBefore,
    });
  }

  /** What was counted as sent was not: there was no one-time code. */
  loginNotSent(kind: LoginsSent): void {
    this.note({ [kind]: this.facts[kind].slice(0, -1) });
  }

  loginSent(clock: Clock, kind: LoginsSent): void {
    const now = clock.monotonic();
    this.note({ [kind]: [...this.facts[kind].filter((at) => at > now - limits.loginWindowMs), now] });
  }

  /** A login was refused, and its latch is not saved yet. Undefined: the latch is saved or lifted. */
  latched(latch: Latch | undefined): void {
    if (latch !== this.facts.latch) this.note({ latch });
  }

  /** The server refused the client, and that is not saved yet. Undefined: it is. */
  clientRefused(client: ClientLatch | undefined): void {
    this.note({ client });
  }

  /** A stored guard was read. */
  guardRead(context: SessionContext, guard: Guard, isPauseKnown: boolean): void {
    // A pause that is ignored because the first read found it stays ignored, also if that read needed no exchange.
    const isIgnored = !this.hasRead && isDatedAhead(guard, context.clock.now());
    const { notBefore } = guard;
    const isNews = notBefore !== undefined && notBefore !== this.facts.knownNotBefore;
    if (isNews && (isPauseKnown || isIgnored))
      this.note({ ...pauseGiven(context, this.facts, guard, !this.hasRead), knownNotBefore: notBefore });
    this.refreshEndpointSeen(guard.refreshFails?.isBroken === true);
  }

  /** The refresh endpoint works, or does not work at all, as far as this process or the store can tell. */
  refreshEndpointSeen(isRefreshBroken: boolean): void {
    if (isRefreshBroken !== this.facts.isRefreshBroken) this.note({ isRefreshBroken });
  }

  /** A login stands in for a refresh, if it can be sent. */
  triedInstead(clock: Clock): void {
    this.note({ triedInsteadAt: clock.monotonic() });
  }

  /** This set is kept in memory until it is saved. Undefined: no set is unsaved. */
  saveDeferred(unsaved: Unsaved | undefined): void {
    if (unsaved !== this.facts.unsaved) this.note({ unsaved });
  }
}
