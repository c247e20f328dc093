import type { Clock } from '@auth/core';

/** So many exchanges in a row without an answer, or with that of a broken server, and an issuer is tried by one account at a time. */
const failuresInARow = 20;
/** It is tried this often, at most … */
const tryEveryMs = 1_000;
/** … and when an account that was not let through comes again: between this and twice as long. */
const awayMs = 5_000;

/** What a process knows of the auth servers that its runs talk to: whether they answer, and how many exchanges it sent. */
export class Issuers {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #known = new Map<
    string,
    { failures: number; isTried: boolean; nextTryAt: number; nextTurnAt: number; waiting: number }
  >();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Milliseconds to wait where the server is away and another account tries it; 0: go on, and tell of the end. */
  admit(issuer: string): number {
    const state = this.#of(issuer);
    if (state.failures < failuresInARow) return 0;
    const now = this.#clock.monotonic();
    if (state.isTried || now < state.nextTryAt) return awayMs * (1 + this.#random());
    state.isTried = true;
    state.nextTryAt = now + tryEveryMs;
    return 0;
  }

  /** A run that was admitted has ended. */
  ended(issuer: string): void {
    this.#of(issuer).isTried = false;
  }

  succeeded(issuer: string): void {
    this.#of(issuer).failures = 0;
  }

  failed(issuer: string): void {
    this.#of(issuer).failures++;
  }

  /** Milliseconds to wait for a turn at this rate, for this process alone; 0 takes the turn. */
  take(issuer: string, perSecond: number): number {
    const state = this.#of(issuer);
    const now = this.#clock.monotonic();
    if (now < state.nextTurnAt) {
      // Turns are not reserved: whoever waits comes again within the time that all who wait will take.
      state.waiting++;
      const allMs = Math.max(1, state.waiting / perSecond) * 1_000;
      return Math.ceil(state.nextTurnAt - now + allMs * this.#random());
    }
    state.waiting = Math.max(0, state.waiting - 1);
    state.nextTurnAt = Math.max(state.nextTurnAt, now - 1_000 / perSecond) + 1_000 / perSecond;
    return 0;
  }

  #of(issuer: string) {
    const known = this.#known.get(issuer) ?? {
      failures: 0,
      isTried: false,
      nextTryAt: 0,
      nextTurnAt: 0,
      waiting: 0,
    };
    this.#known.set(issuer, known);
    return known;
  }
}
