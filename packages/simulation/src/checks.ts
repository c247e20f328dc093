import type { TokenRecord } from '@auth/core';
import { key, type Life, type Surroundings } from './actor.ts';
import type { Exchange } from './network.ts';
import type { Write } from './store.ts';

const lockKey = `${key}.lock`;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A call has ended by then, with a token or with an error: two waits of `callMs`, and what is between. */
export const callBoundMs: number = 200_000;
/** After the last fault everybody has a working token by then: a full hour of logins may have to pass. */
export const recoveryMs: number = 76 * minuteMs;
/** What a fault may still have under way when faults are over. */
export const settleMs: number = 5 * minuteMs;
/** Who listens to the store has heard of a sign-out by then. */
const noticeMs = 3_000;

/** What must hold after every step, whatever happens. Each rule has a name that stays. */
export class Checks {
  readonly violations: string[] = [];
  readonly #around: Surroundings;
  readonly #lives: Life[];
  readonly #logins: { at: number; wallOffsetMs: number }[] = [];
  /** Which password the stored latch is for, and since when. */
  #latched: { hash: string; password: string; at: number } | undefined;
  readonly #lastRefused = new Map<Life, string>();
  /** Until when the server has asked a life to wait. */
  readonly #limitedUntil = new Map<Life, number>();
  /** When each life must know that it is signed out. */
  readonly #signedOut = new Map<Life, number>();
  isQuiet = false;

  constructor(around: Surroundings, lives: Life[]) {
    this.#around = around;
    this.#lives = lives;
  }

  /** Whether the store compares and writes in one step: what rests on that is asked of such stores alone. */
  get #isAtomic(): boolean {
    return this.#around.plan.store !== 'get_then_set';
  }

  get #hasLock(): boolean {
    const { store } = this.#around.plan;
    return store === 'leased' || store === 'forgetful_lease';
  }

  violate(rule: string, detail: string): void {
    this.violations.push(`${rule}: ${detail}`);
    this.#around.trace(`!!! ${rule}: ${detail}`);
  }

  onSend(exchange: Exchange): void {
    const life = this.#lifeOf(exchange);
    if (life === undefined) return;
    if (life.underWay.size > 0) {
      this.violate('one exchange a process', `${exchange.process.name} sends a second`);
    }
    if (this.#around.plan.store === 'leased') this.#onSendUnderLease(life, exchange);
    const until = this.#limitedUntil.get(life) ?? 0;
    if (this.#around.world.now < until && life.signingIn === 0)
      this.violate('a Retry-After is kept to', life.process.name);
    life.underWay.add(exchange);
    if (exchange.kind === 'refresh') this.#onPresent(life, exchange.secret);
    else this.#onLogin(life, exchange.secret);
  }

  onEnd(exchange: Exchange, retryAfterMs?: number): void {
    const life = this.#lifeOf(exchange);
    if (life === undefined) return;
    life.underWay.delete(exchange);
    if (exchange.outcome === 'limited') {
      const pauseMs = Math.min(retryAfterMs ?? 30_000, 15 * minuteMs);
      this.#limitedUntil.set(life, this.#around.world.now + pauseMs);
    }
    const { kind, outcome, secret } = exchange;
    if (kind === 'login') {
      if (outcome === 'refused') this.#lastRefused.set(life, secret);
    } else if (outcome === 'lost') {
      const count = (life.lost.get(secret)?.count ?? 0) + 1;
      life.lost.set(secret, { count, at: this.#around.world.now });
    } else if (outcome === 'issued' || outcome === 'refused') {
      life.answered.add(secret);
    }
  }

  onSignedIn(life: Life): void {
    this.#signedOut.delete(life);
    this.#limitedUntil.delete(life);
  }

  /** Somebody else has been served: the pause is over. */
  onAdopted(life: Life): void {
    this.#limitedUntil.delete(life);
  }

  onRead(life: Life | undefined, record: TokenRecord | undefined): void {
    if (record !== undefined) life?.knownIds.add(record.id);
  }

  onWrite(life: Life | undefined, write: Write): void {
    if (life === undefined) return;
    life.knownIds.add(write.next.id);
    if (!this.#isAtomic) return;
    const { expectedId } = write;
    if (expectedId !== undefined && !life.knownIds.has(expectedId)) {
      this.violate('nobody overwrites what it has not read', `${life.process.name} over ${write.key}`);
    }
    if (write.key === lockKey && write.next.value === 'free' && life.underWay.size > 0) {
      this.violate('a lease is kept until the exchange ends', life.process.name);
    }
    if (write.key === lockKey && write.next.value !== 'free' && life.freezeWithLockMs > 0) {
      life.freeze(life.freezeWithLockMs);
      life.freezeWithLockMs = 0;
    }
    if (write.key !== key) return;
    const [before, after] = [envelopeOf(write.replaced), envelopeOf(write.next)];
    this.#onTokens(life, before, after);
    this.#onLatch(life, after);
    if (after.signedOutAt !== undefined && after.signedOutAt !== before.signedOutAt) this.#onSignOut(life);
    if (before.signedOutAt !== undefined && after.tokens !== undefined) this.#onSignedInAgain(life);
  }

  /** Looks at what has ended since the last step. */
  afterStep(): void {
    const { world } = this.#around;
    for (const life of this.#lives) {
      if (!life.process.isAlive) continue;
      for (const call of life.calls) {
        const frozenMs = life.frozenMs - call.frozenBeforeMs;
        const passedMs = (call.endedAt ?? world.now) - call.startedAt - frozenMs;
        if (passedMs > callBoundMs) {
          this.violate('every call ends', `${life.process.name}: ${passedMs} ms`);
          call.endedAt = world.now;
        }
        if (call.result?.startsWith('untyped')) this.violate('every error has a type', call.result);
        const hasUsed = call.kind === 'call' && (call.result === 'ok' || call.result === 'refused');
        if (hasUsed) this.#onTokenUsed(life, call.startedAt);
      }
      const open = life.calls.filter(({ endedAt }) => endedAt === undefined);
      life.calls.length = 0;
      life.calls.push(...open);
    }
  }

  /** Asked a good hour after the last fault. */
  afterRecovery(current: readonly Life[]): void {
    const { plan, vault, server } = this.#around;
    const mayFail = new Set<string>();
    // One who signs out is signed out, on whichever side of it the others were.
    if (plan.faults.some(({ kind }) => kind === 'sign_out')) mayFail.add('signed_out');
    if (vault !== server.password) {
      for (const code of ['login_blocked', 'invalid_credentials', 'rate_limited']) mayFail.add(code);
    }
    // Logins that a wrong clock has dated ahead count for as much longer.
    if (plan.faults.some(({ kind }) => kind === 'clock_step')) mayFail.add('rate_limited');
    // Without a lock each spends the other's refresh token, until the hour's logins are used up.
    if (!this.#hasLock) for (const code of ['rate_limited', 'refused', 'store_failed']) mayFail.add(code);
    for (const { process, lastCall } of current) {
      const result = lastCall?.result ?? 'no answer';
      if (result !== 'ok' && !mayFail.has(result))
        this.violate('everybody recovers', `${process.name}: ${result}`);
    }
  }

  #lifeOf({ process }: Exchange): Life | undefined {
    return this.#lives.find((life) => life.process === process);
  }

  /** The lock record tells, whatever the sender believes: who reclaims a lease writes it anew. */
  #onSendUnderLease({ process }: Life, { kind }: Exchange): void {
    const { records, writers } = this.#around.store;
    const isHeld = writers.get(lockKey) === process && records.get(lockKey)?.value !== 'free';
    if (!isHeld) this.violate('sent under a held lease', `${process.name} sends a ${kind} without`);
    for (const other of this.#lives) {
      // One that stood still may have lost its lease in the midst of an exchange.
      const overlaps = other.process !== process && other.process.isAlive && other.underWay.size > 0;
      if (overlaps && other.frozenMs === 0) {
        this.violate('no two exchanges at a time', `${process.name} and ${other.process.name}`);
      }
    }
  }

  #onPresent(life: Life, refreshToken: string): void {
    if (life.answered.has(refreshToken)) {
      this.violate(
        'an answered refresh token is not presented again',
        `${life.process.name}: ${refreshToken}`,
      );
    }
    const lost = life.lost.get(refreshToken);
    if (lost === undefined) return;
    const passedMs = this.#around.world.now - lost.at;
    // Once more within a second, afterwards no more than once in each pause, which doubles up to five minutes.
    const pauseMs = lost.count === 1 ? 200 : Math.min(1_000 * 2 ** (lost.count - 2), 5 * minuteMs);
    if (passedMs < pauseMs) {
      this.violate('a lost answer is asked for once more', `${refreshToken} again after ${passedMs} ms`);
    }
  }

  #onLogin(life: Life, password: string): void {
    const { world, server, store, plan } = this.#around;
    this.#logins.push({ at: world.now, wallOffsetMs: life.process.wallOffsetMs });
    if (!this.#isAtomic) return;
    const inHour = this.#logins.filter(({ at }) => at > world.now - hourMs);
    // Wall clocks are all that machines share: one that is wrong counts for itself.
    const { wallOffsetMs } = life.process;
    const byThisClock = inHour.filter((login) => login.wallOffsetMs === wallOffsetMs).length;
    if (byThisClock > plan.maxLoginsPerHour) {
      this.violate('logins in any hour', `${byThisClock} of ${plan.maxLoginsPerHour} by one clock`);
    }
    if (life.signingIn > 0) return;
    const isLatched = this.#latched?.password === password && this.#latched.at < world.now;
    if (isLatched || this.#lastRefused.get(life) === password) {
      this.violate('no password again that was refused', life.process.name);
    }
    // Without a lock another's dead set may stand where a good one was to be saved, and is adopted.
    if (this.#hasLock && server.honours(life.session.peek()?.refreshToken ?? '')) {
      this.violate('no login with a good refresh token in hand', life.process.name);
    }
    const { tokens } = envelopeOf(store.records.get(key));
    // Without a lock another may save between the last look and the send.
    const isQuiet = this.isQuiet && this.#hasLock;
    if (isQuiet && tokens?.refreshToken !== undefined && server.honours(tokens.refreshToken)) {
      this.violate('no login where a good refresh token is stored', life.process.name);
    }
  }

  #onTokens(life: Life, before: Envelope, after: Envelope): void {
    const { server } = this.#around;
    const old = before.tokens?.refreshToken;
    const isLost =
      old !== undefined &&
      server.honours(old) &&
      after.signedOutAt === undefined &&
      !server.honours(after.tokens?.refreshToken ?? '');
    if (isLost) this.violate('a good pair is not replaced by a dead one', `${life.process.name}: ${old}`);
  }

  #onLatch(life: Life, { guard }: Envelope): void {
    const hash = guard?.latch?.hash;
    if (hash === this.#latched?.hash) return;
    const password = this.#lastRefused.get(life);
    this.#latched =
      hash === undefined || password === undefined
        ? undefined
        : { hash, password, at: this.#around.world.now };
  }

  #onSignOut(writer: Life): void {
    const { world, store } = this.#around;
    for (const life of this.#lives) {
      if (!life.process.isAlive) continue;
      const isTold =
        life === writer ||
        // A life that has not looked yet may take the sign-out for history.
        (life.knownIds.size > 0 && world.now >= store.downUntil && world.now >= store.slowUntil);
      if (isTold && life.signingIn === 0) this.#signedOut.set(life, world.now + noticeMs);
    }
  }

  /** Who has not heard of the sign-out by now finds somebody signed in: a person, or a program started later. */
  #onSignedInAgain(writer: Life): void {
    if (writer.signingIn === 0 && this.#signedOut.has(writer)) {
      this.violate('a sign-out is not overwritten', writer.process.name);
    }
    for (const [life, since] of this.#signedOut) {
      const heardAt = Math.max(since, life.process.frozenUntil + noticeMs);
      if (heardAt > this.#around.world.now) this.#signedOut.delete(life);
    }
  }

  #onTokenUsed(life: Life, startedAt: number): void {
    const since = this.#signedOut.get(life);
    if (since !== undefined && startedAt > since && life.signingIn === 0) {
      this.violate('nobody uses a token after a sign-out', life.process.name);
    }
  }
}

interface Envelope {
  readonly tokens?: { readonly id: string; readonly refreshToken?: string };
  readonly signedOutAt?: number;
  readonly guard?: { readonly latch?: { readonly hash: string } };
}

export function envelopeOf(record: TokenRecord | undefined): Envelope {
  return record === undefined ? {} : (JSON.parse(record.value) as Envelope);
}
