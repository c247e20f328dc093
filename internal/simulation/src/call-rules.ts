import { type Call, key, type Life } from './actor.ts';
import { type Envelope, envelopeOf, hourMs, type Judge } from './judge.ts';

/** A call has ended by then, with a token or with an error: two waits of `callMs`, and what is between. */
const callBoundMs = 200_000;
/** Who listens to the store has heard of a sign-out by then … */
const noticeMs = 3_000;
/** … or by then after an outage, in which it has looked again and again. */
const lookAgainMs = 40_000;
/** How far ahead the clocks of a plan may be, and the hour that counts. */
const loginMemoryMs: number = 5 * hourMs;

/** Rules on how calls end, and who holds a token. */
export class CallRules {
  readonly #judge: Judge;
  /** When each life must know that it is signed out. */
  readonly #signedOut = new Map<Life, number>();

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  onSignedIn(life: Life): void {
    this.#signedOut.delete(life);
  }

  onWrite(life: Life, before: Envelope, after: Envelope): void {
    if (after.signedOutAt !== undefined && after.signedOutAt !== before.signedOutAt) this.#onSignOut(life);
    if (before.signedOutAt !== undefined && after.tokens !== undefined) this.#onSignedInAgain(life);
  }

  /** Looks at what has ended since the last step, and at what should have. */
  afterStep(): void {
    for (const life of this.#judge.lives.values()) {
      if (!life.process.isAlive || life.calls.length === 0) continue;
      for (const call of life.calls) this.#onCall(life, call);
      const open = life.calls.filter(({ endedAt }) => endedAt === undefined);
      life.calls.length = 0;
      life.calls.push(...open);
    }
  }

  /** Asked a good hour after the last fault. */
  afterRecovery(current: readonly Life[], loginsAt: readonly number[]): void {
    for (const life of current) {
      const result = life.lastCall?.result ?? 'no answer';
      if (result !== 'ok' && !this.#mayEndIn(result, life, loginsAt)) {
        this.#judge.violate('everybody recovers', `${life.process.name}: ${result}`);
      }
    }
  }

  #mayEndIn(result: string, life: Life, loginsAt: readonly number[]): boolean {
    const { plan, vault, server, world, store } = this.#judge.around;
    const sent = loginsAt.filter((at) => at > world.now - loginMemoryMs);
    // Written down before they are sent, some never were.
    const written = envelopeOf(store.records.get(key)).guard?.loginsAt ?? [];
    const isUsedUp = Math.max(sent.length, written.length) >= plan.maxLoginsPerHour;
    // Without a lock each spends the other's refresh token, until the hour's logins are used up.
    const isRace = !this.#judge.hasLock && plan.processes > 1;
    switch (result) {
      case 'signed_out':
        return this.#maySaySignedOut(life);
      case 'login_blocked':
      case 'invalid_credentials':
        return vault !== server.password;
      case 'rate_limited':
        // Logins that a wrong clock has dated ahead count for as much longer.
        return isUsedUp && (isRace || this.#judge.hasFault('clock_step'));
      case 'refused':
      case 'store_failed':
        return isRace;
      default:
        return false;
    }
  }

  /** It was there when somebody signed out, and nobody has signed in with it since. */
  #maySaySignedOut(life: Life): boolean {
    const { lastSignOutAt } = this.#judge;
    const wasThere = life.process.startedAt <= lastSignOutAt || this.#judge.hasFault('clock_step');
    return Number.isFinite(lastSignOutAt) && wasThere && life.signedInAt <= lastSignOutAt;
  }

  #onCall(life: Life, call: Call): void {
    const judge = this.#judge;
    const frozenMs = life.frozenMs - call.frozenBeforeMs;
    const { now } = judge.around.world;
    const passedMs = (call.endedAt ?? now) - call.startedAt - frozenMs;
    if (passedMs > callBoundMs) {
      judge.violate('every call ends', `${life.process.name}: ${call.kind}, ${passedMs} ms`);
      call.endedAt = now;
    }
    if (call.result?.startsWith('untyped')) judge.violate('every error has a type', call.result);
    const hasUsed = call.kind === 'call' && (call.result === 'ok' || call.result === 'refused');
    const mustKnowAt = this.#mustKnowAt(life);
    if (hasUsed && mustKnowAt !== undefined && call.startedAt > mustKnowAt && life.signingIn === 0) {
      judge.violate('nobody uses a token after a sign-out', life.process.name);
    }
  }

  #onSignOut(writer: Life): void {
    const { world } = this.#judge.around;
    for (const life of this.#judge.lives.values()) {
      if (!life.process.isAlive) continue;
      // A life that has not looked yet may take the sign-out for history.
      const isTold = life === writer || life.hasRead;
      if (isTold && life.signingIn === 0) this.#signedOut.set(life, world.now + noticeMs);
    }
  }

  /** Who has not heard of the sign-out by now finds somebody signed in: a person, or a program started later. */
  #onSignedInAgain(writer: Life): void {
    if (writer.signingIn === 0 && this.#signedOut.has(writer)) {
      this.#judge.violate('a sign-out is not overwritten', writer.process.name);
    }
    for (const life of [...this.#signedOut.keys()]) {
      if ((this.#mustKnowAt(life) ?? 0) > this.#judge.around.world.now) this.#signedOut.delete(life);
    }
  }

  #mustKnowAt(life: Life): number | undefined {
    const since = this.#signedOut.get(life);
    if (since === undefined) return undefined;
    const { downUntil, slowUntil } = this.#judge.around.store;
    const outageUntil = Math.max(downUntil, slowUntil);
    const afterOutage = outageUntil > since - noticeMs ? outageUntil + lookAgainMs : since;
    return Math.max(since, afterOutage, life.process.frozenUntil + noticeMs);
  }
}
