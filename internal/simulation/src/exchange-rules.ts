import { key, type Life } from './actor.ts';
import { envelopeOf, type Judge, minuteMs } from './judge.ts';
import type { Exchange } from './network.ts';

/** A prompt resend goes out 200 ms to 1 s after the loss, and is on its way by then. */
const resendBoundMs = 1_100;
/** A revocation, with the slowest network, has reached the server by then. */
const revokeBoundMs = 40_000;

/** Rules on who sends what to the token server, and when. */
export class ExchangeRules {
  readonly #judge: Judge;
  /** Until when the server has asked a life to wait. */
  readonly #limitedUntil = new Map<Life, number>();
  readonly #lostRevocations = new Set<string>();

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  onSend(life: Life, exchange: Exchange): void {
    const judge = this.#judge;
    if (life.underWay.size > 0) judge.violate('one exchange a process', life.process.name);
    const { store } = judge.around.plan;
    if (store === 'leased' || store === 'locked') this.#onSendUnderLease(life, exchange);
    const until = this.#limitedUntil.get(life) ?? 0;
    if (judge.around.world.now < until && life.signingIn === 0)
      judge.violate('a Retry-After is kept to', life.process.name);
    life.underWay.add(exchange);
    if (exchange.kind === 'refresh') this.#onPresent(life, exchange.secret);
  }

  onEnd(life: Life, exchange: Exchange, retryAfterMs: number | undefined): void {
    const { around } = this.#judge;
    const { kind, outcome, secret } = exchange;
    life.underWay.delete(exchange);
    if (outcome === 'limited') {
      const pauseMs = Math.min(retryAfterMs ?? 30_000, 15 * minuteMs);
      this.#limitedUntil.set(life, around.world.now + pauseMs);
    }
    if (outcome === 'issued') this.#onIssued(life, exchange);
    if (kind !== 'refresh') return;
    if (outcome === 'lost') this.#onLost(life, secret);
    if (outcome === 'issued' || outcome === 'refused') life.answered.add(secret);
  }

  onRevocationEnd({ outcome, secret }: Exchange): void {
    if (outcome !== 'revoked') this.#lostRevocations.add(secret);
  }

  /** The life has been served otherwise: the pause is over. */
  onServed(life: Life): void {
    this.#limitedUntil.delete(life);
  }

  #onSendUnderLease({ process }: Life, { kind }: Exchange): void {
    const judge = this.#judge;
    if (!judge.around.store.isLockedBy(process, key)) {
      judge.violate('sent under a held lease', `${process.name} sends a ${kind} without`);
    }
    for (const other of judge.lives.values()) {
      // One that stood still may have lost its lease in the midst of an exchange.
      const overlaps = other.process !== process && other.process.isAlive && other.underWay.size > 0;
      if (overlaps && other.frozenMs === 0) {
        judge.violate('no two exchanges at a time', `${process.name} and ${other.process.name}`);
      }
    }
  }

  #onPresent(life: Life, refreshToken: string): void {
    const judge = this.#judge;
    const { tokens, guard } = envelopeOf(judge.around.store.records.get(key));
    if (life.answered.has(refreshToken)) {
      const detail = `${life.process.name}: ${refreshToken}`;
      judge.violate('an answered refresh token is not presented again', detail);
    }
    const presented = life.presented.get(refreshToken);
    if (presented === undefined) {
      const isKnownLost =
        tokens !== undefined && tokens.refreshToken === refreshToken && guard?.lostId === tokens.id;
      life.presented.set(refreshToken, { times: 1, losses: 0, lostAt: 0, isKnownLost });
      return;
    }
    presented.times++;
    if (presented.losses === 0) return;
    const passedMs = judge.around.world.now - presented.lostAt;
    // Once more within a second, unless the store knew of a loss; afterwards once in each pause, which doubles.
    const pauses = presented.losses - (presented.isKnownLost ? 1 : 2);
    const pauseMs = pauses < 0 ? 200 : Math.min(1_000 * 2 ** pauses, 5 * minuteMs);
    if (passedMs < pauseMs) {
      judge.violate('a lost answer is asked for once more', `${refreshToken} again after ${passedMs} ms`);
    }
  }

  #onLost(life: Life, refreshToken: string): void {
    const judge = this.#judge;
    const { world, store, plan } = judge.around;
    const presented = life.presented.get(refreshToken);
    if (presented === undefined) return;
    presented.losses++;
    presented.lostAt = world.now;
    // A lease of a forgetful store may be lost without a trace.
    if (presented.losses > 1 || presented.isKnownLost || plan.store === 'forgetful') return;
    judge.askLater(life, resendBoundMs, () => {
      const mayResend = !judge.hasLock || store.isLockedBy(life.process, key);
      const isWanted = world.now - judge.lastSignOutAt > 2 * minuteMs;
      if (mayResend && isWanted && presented.times === 1) {
        judge.violate('a lost answer is asked for promptly', `${life.process.name}: ${refreshToken}`);
      }
    });
  }

  #onIssued(life: Life, { kind, sentAt, issued }: Exchange): void {
    const { server } = this.#judge.around;
    if (issued === undefined) return;
    if (kind === 'login' && life.signingIn > 0) life.fromSignIn.add(issued);
    if (life.signedOutAt < sentAt) return;
    this.#judge.askLater(life, revokeBoundMs, () => {
      if (server.honours(issued) && !this.#lostRevocations.has(issued)) {
        this.#judge.violate('what a sign-out has overtaken is revoked', `${life.process.name}: ${issued}`);
      }
    });
  }
}
