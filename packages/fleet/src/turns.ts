/**
 * An account's turn at a rate is its own where it comes sooner than this, and the run waits for it. A later one is given to
 * the account, which comes back for it: runs of an account are so far apart at least.
 */
export const turnAheadMs = 1_000;

/** The turns of one rate, for a queue that serves one process. Instants are on its clock. */
export class Turns {
  readonly #betweenMs: number;
  /** When the next exchange may be sent. */
  #next = 0;
  /** From when and until when all turns are given to accounts. */
  #givenFrom = 0;
  #givenUntil = 0;
  readonly #given = new Map<string, number>();

  constructor(perSecond: number) {
    this.#betweenMs = 1_000 / perSecond;
  }

  /** Milliseconds until the account's turn: it uses one that comes within {@link turnAheadMs}. */
  take(ref: string, now: number): number {
    const given = this.#given.get(ref);
    if (given !== undefined && given - now >= turnAheadMs) return Math.ceil(given - now);
    const isFree = given !== undefined || now < this.#givenFrom || now >= this.#givenUntil;
    const at = Math.max(now, this.#next, given ?? 0);
    if (!isFree || at - now >= turnAheadMs) return this.#give(ref, now);
    this.#given.delete(ref);
    this.#next = at + this.#betweenMs;
    return Math.floor(at - now);
  }

  #give(ref: string, now: number): number {
    const isFirst = now >= this.#givenUntil;
    const turn = Math.max(isFirst ? this.#next : this.#givenUntil, now + turnAheadMs);
    if (isFirst) {
      this.#givenFrom = turn;
      // Those whose accounts have not come back for them.
      for (const [each, at] of this.#given) if (at < now - forgottenMs) this.#given.delete(each);
    }
    this.#givenUntil = turn + this.#betweenMs;
    this.#given.set(ref, turn);
    return Math.ceil(turn - now);
  }
}

const forgottenMs = 60_000;
