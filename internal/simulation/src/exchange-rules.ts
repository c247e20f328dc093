import { envelopeOf, type Judge, minuteMs } from './judge.ts';
import { key, type Life } from './life.ts';
import type { Exchange } from './network.ts';
import { leaseMs } from './store.ts';

/** A prompt resend goes out 200 ms to 1 s after the loss, so it has been sent by then. */
const resendBoundMs = 1_100;
/** Even on the slowest network a revocation has reached the server by then. */
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
    if (life.underWay.size > 0) judge.violate('one exchange at a time in a process', life.process.name);
    const { store } = judge.around.plan;
    if (['leased', 'locked', 'shared'].includes(store)) this.#onSendUnderLease(life, exchange);
    const until = this.#limitedUntil.get(life) ?? 0;
    if (judge.around.world.now < until && life.signingIn === 0)
      judge.violate('a Retry-After is obeyed', life.process.name);
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
      // An answer ends the row of lost ones.
      const presented = life.presented.get(secret);
      if (presented !== undefined) presented.losses = 0;
    }
    if (outcome === 'issued') this.#onIssued(life, exchange);
    if (kind !== 'refresh') return;
    if (outcome === 'lost') this.#onLost(life, secret);
    if (outcome === 'issued' || outcome === 'refused') life.answered.add(secret);
  }

  onRevocationEnd({ outcome, secret }: Exchange): void {
    if (outcome !== 'revoked') this.#lostRevocations.add(secret);
  }

  /** The life got its tokens from a sign-in or another process, which ends the pause. */
  onServed(life: Life): void {
    this.#limitedUntil.delete(life);
  }

  #onSendUnderLease({ process }: Life, { kind }: Exchange): void {
    const judge = this.#judge;
    const { store } = judge.around;
    if (!store.isLockedBy(process, key) && !store.isBereft(process)) {
      judge.violate('sent under a held lease', `${process.name} sends a ${kind} without`);
    }
    for (const other of judge.lives.values()) {
      // A process that was frozen may have lost its lease during an exchange.
      const overlaps = other.process !== process && other.process.isAlive && other.underWay.size > 0;
      const isBereft = store.isBereft(process) || store.isBereft(other.process);
      if (overlaps && other.frozenMs === 0 && !isBereft) {
        judge.violate('no two exchanges at a time', `${process.name} and ${other.process.name}`);
      }
    }
  }

  #onPresent(life: Life, refreshToken: string): void {
    const judge = this.#judge;
    // Without a lock the write before the request shows what the flight knows: news may have been read since.
    const { tokens, guard } = envelopeOf(judge.hasLock ? life.lastRead?.record : life.lastWritten);
    if (life.answered.has(refreshToken)) {
      const detail = `${life.process.name}: ${refreshToken}`;
      judge.violate('an answered refresh token is not presented again', detail);
    }
    const presented = life.presented.get(refreshToken) ?? {
      times: 0,
      losses: 0,
      lostAt: 0,
      isKnownLost: false,
    };
    life.presented.set(refreshToken, presented);
    presented.times++;
    if (presented.losses === 0) {
      presented.isKnownLost = tokens?.refreshToken === refreshToken && guard?.lostId === tokens.id;
      return;
    }
    const passedMs = judge.around.world.now - presented.lostAt;
    // The first resend may follow within a second, unless the life has read of a loss. Each later resend waits for
    // a pause, which doubles.
    const pauses = presented.losses - (presented.isKnownLost ? 1 : 2);
    const pauseMs = pauses < 0 ? 200 : Math.min(1_000 * 2 ** pauses, 5 * minuteMs);
    if (passedMs < pauseMs && judge.around.server.brokenStatus === undefined) {
      judge.violate(
        'a lost answer is asked for again only after its pause',
        `${refreshToken} again after ${passedMs} ms`,
      );
    }
  }

  #onLost(life: Life, refreshToken: string): void {
    const judge = this.#judge;
    const { world, store, plan } = judge.around;
    const presented = life.presented.get(refreshToken);
    if (presented === undefined) return;
    presented.losses++;
    presented.lostAt = world.now;
    // A forgetful store may lose the lease without the process noticing.
    if (presented.losses > 1 || presented.isKnownLost || plan.store === 'forgetful') return;
    if (judge.around.server.brokenStatus !== undefined) return;
    // A lock taken later is another one: it belongs to a sign-in that came next.
    const wasLocked = store.isLockedBy(life.process, key);
    judge.askLater(life, resendBoundMs, () => {
      // With the store slow or away the process cannot renew its lease, although nobody has taken the lease away.
      const mayRenew = world.now > Math.max(store.slowUntil, store.downUntil) + leaseMs;
      const isLocked = wasLocked && mayRenew && store.isLockedBy(life.process, key);
      const mayResend = !judge.hasLock || isLocked;
      // A process that freezes after the sign-out learns of the loss two minutes later.
      const isWanted = world.now - judge.lastSignOutAt > 2.5 * minuteMs;
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
        this.#judge.violate('tokens issued after a sign-out are revoked', `${life.process.name}: ${issued}`);
      }
    });
  }
}
