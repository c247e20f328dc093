import { type Envelope, envelopeOf, hourMs, type Judge } from './judge.ts';
import { type Call, key, type Life } from './life.ts';
import type { ThemeRules } from './theme-rules.ts';

/** Every call ends within this time, with a token or an error: two waits of `callMs` and the work between them. */
const callBoundMs = 200_000;
/** A process that listens to the store has heard of a sign-out by then. */
const noticeMs = 3_000;
/** After an outage a process reads the store again and again, and has heard of a sign-out by then. */
const lookAgainMs = 40_000;
/** How far ahead a plan's clocks may be, plus the hour of the login limit. */
const loginMemoryMs: number = 5 * hourMs;

/** Rules on how calls end, and who holds a token. */
export class CallRules {
  readonly #judge: Judge;
  readonly #themes: ThemeRules;
  /** When each life must know that it is signed out. */
  readonly #signedOut = new Map<Life, number>();

  constructor(judge: Judge, themes: ThemeRules) {
    this.#judge = judge;
    this.#themes = themes;
  }

  onSignedIn(life: Life): void {
    this.#signedOut.delete(life);
  }

  onWrite(life: Life, before: Envelope, after: Envelope): void {
    if (after.signedOutAt !== undefined && after.signedOutAt !== before.signedOutAt) this.#onSignOut(life);
    // A sign-in goes on, and may save its set, after its caller has given up.
    const hasNewTokens = after.tokens !== undefined && after.tokens.id !== before.tokens?.id;
    if (hasNewTokens && life.signingIn > 0) this.#signedOut.delete(life);
    if (before.signedOutAt !== undefined && after.tokens !== undefined) this.#onSignedInAgain(life);
  }

  /** Checks the calls that have ended since the last step, and those that should have. */
  afterStep(): void {
    for (const life of this.#judge.lives.values()) {
      if (!life.process.isAlive || life.calls.length === 0) continue;
      for (const call of life.calls) this.#onCall(life, call);
      const open = life.calls.filter(({ endedAt }) => endedAt === undefined);
      life.calls.length = 0;
      life.calls.push(...open);
    }
  }

  /** Called more than an hour after the last fault. */
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
    // Logins are saved before they are sent, so some saved logins were never sent.
    const written = envelopeOf(store.records.get(key)).guard?.loginsAt ?? [];
    const isUsedUp = Math.max(sent.length, written.length) >= plan.maxLoginsPerHour;
    // Without a lock processes spend each other's refresh tokens until the hour's logins are used up.
    const isRace = !this.#judge.hasLock && plan.processes > 1;
    switch (result) {
      case 'signed_out':
        return this.#maySaySignedOut(life);
      case 'login_blocked':
      case 'invalid_credentials':
        return vault !== server.password;
      case 'rate_limited':
        // Logins that a wrong clock dated ahead count longer by that offset.
        return isUsedUp && (isRace || this.#judge.hasFault('clock_step'));
      case 'refused':
      case 'store_failed':
        return isRace;
      default:
        return false;
    }
  }

  /** The life was running at the last sign-out and has not signed in since. */
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
    if (call.endedAt !== undefined && call.kind === 'call') this.#themes.onCallEnd(life, call);
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
      // A life that has not read the store yet may treat the sign-out as an old one.
      const isTold = life === writer || life.lastRead !== undefined;
      if (isTold && life.signingIn === 0) this.#signedOut.set(life, world.now + noticeMs);
    }
  }

  /** A life that has not heard of the sign-out yet finds the newer sign-in, of a person or of a later program. */
  #onSignedInAgain(writer: Life): void {
    if (writer.signingIn === 0 && this.#signedOut.has(writer)) {
      this.#judge.violate('a sign-out is not overwritten', writer.process.name);
    }
    const { store, world } = this.#judge.around;
    for (const [life, since] of [...this.#signedOut]) {
      const signedOutAt = since - noticeMs;
      // After a gap in the notifications a session reads the store at its next use.
      const hasNotLooked = store.cutOffUntil > signedOutAt && (life.lastRead?.at ?? 0) < signedOutAt;
      if ((this.#mustKnowAt(life) ?? 0) > world.now || hasNotLooked) this.#signedOut.delete(life);
    }
  }

  #mustKnowAt(life: Life): number | undefined {
    const since = this.#signedOut.get(life);
    if (since === undefined) return undefined;
    const { downUntil, slowUntil, cutOffUntil } = this.#judge.around.store;
    const outageUntil = Math.max(downUntil, slowUntil);
    const afterOutage = outageUntil > since - noticeMs ? outageUntil + lookAgainMs : since;
    const afterGap = cutOffUntil > since - noticeMs ? cutOffUntil + noticeMs : since;
    return Math.max(since, afterOutage, afterGap, life.process.frozenUntil + noticeMs);
  }
}
