import { type Envelope, envelopeOf, hourMs, type Judge } from './judge.ts';
import { key, type Life } from './life.ts';

interface Login {
  readonly at: number;
  readonly life: Life;
  readonly wallOffsetMs: number;
}

/** Rules on when a password is sent. */
export class LoginRules {
  /** Every login that was sent. */
  readonly logins: Login[] = [];
  readonly #judge: Judge;
  /** The password that the stored latch blocks, and since when. */
  #latched: { hash: string; password: string; at: number } | undefined;
  readonly #lastRefused = new Map<Life, string>();
  /** The refresh token that was last saved by a process whose lease was lost, as in an outage of the store. */
  #savedWithoutLease: string | undefined;

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  onSend(life: Life, password: string): void {
    const { wallOffsetMs } = life.process;
    this.logins.push({ at: this.#judge.around.world.now, life, wallOffsetMs });
    this.#countLastHour(life);
    if (life.signingIn > 0) return;
    this.#isAllowed(life, password);
    this.#isNeeded(life);
  }

  onRefused(life: Life, password: string): void {
    this.#lastRefused.set(life, password);
  }

  onWrite(life: Life, before: Envelope, { guard, tokens }: Envelope): void {
    const isSaved = tokens?.refreshToken !== before.tokens?.refreshToken;
    if (isSaved && !this.#judge.around.store.isLockedBy(life.process, key))
      this.#savedWithoutLease = tokens?.refreshToken;
    const hash = guard?.latch?.hash;
    if (hash === this.#latched?.hash) return;
    const password = this.#lastRefused.get(life);
    this.#latched =
      hash === undefined || password === undefined
        ? undefined
        : { hash, password, at: this.#judge.around.world.now };
  }

  #countLastHour(life: Life): void {
    const judge = this.#judge;
    const { world, plan } = judge.around;
    const { maxLoginsPerHour } = plan;
    const inHour = this.logins.filter(({ at }) => at > world.now - hourMs);
    const byLife = inHour.filter((login) => login.life === life).length;
    if (byLife > maxLoginsPerHour) {
      judge.violate('logins in any hour', `${byLife} of ${maxLoginsPerHour} by ${life.process.name}`);
    }
    if (!judge.isAtomic || !judge.keepsItsWord) return;
    // Logins are dated by wall clocks, so processes with different clocks are counted apart.
    // Whose clock is behind cannot tell those ahead of it apart, and keeps an allowance's worth of their logins.
    if (new Set(inHour.map((login) => login.wallOffsetMs)).size > 2) return;
    const { wallOffsetMs } = life.process;
    const byClock = inHour.filter((login) => login.wallOffsetMs === wallOffsetMs).length;
    if (byClock > maxLoginsPerHour) {
      judge.violate('logins in any hour', `${byClock} of ${maxLoginsPerHour} by one clock`);
    }
  }

  #isAllowed(life: Life, password: string): void {
    const judge = this.#judge;
    if (!judge.isAtomic || !judge.keepsItsWord) return;
    const isLatched = this.#latched?.password === password && this.#latched.at < judge.around.world.now;
    if (isLatched || this.#lastRefused.get(life) === password) {
      judge.violate('no password again that was refused', life.process.name);
    }
  }

  /**
   * Not checked without a lock, or with one that was forgotten, where another process may have saved since the last read;
   * nor on a store that forgets writes, which may hold spent tokens.
   */
  #isNeeded(life: Life): void {
    const judge = this.#judge;
    const { server, store } = judge.around;
    if (!judge.hasLock || judge.hasFault('forget_lease') || !judge.keepsItsWord) return;
    const saved = envelopeOf(store.records.get(key)).tokens?.refreshToken;
    const read = envelopeOf(life.lastRead?.record).tokens?.refreshToken;
    // What was saved without the lease can come between the holder's read and its login.
    const stored = saved === this.#savedWithoutLease ? read : saved;
    // A sign-in replaces the stored set: a session that still holds the old refresh token need not use it.
    const inHand = judge.hasFault('sign_in') ? undefined : life.session.peek()?.refreshToken;
    for (const refreshToken of [stored, inHand]) {
      if (refreshToken !== undefined && server.honours(refreshToken)) {
        judge.violate('no login where a good refresh token is at hand', life.process.name);
      }
    }
  }
}
