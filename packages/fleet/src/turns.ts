/**
 * An account's turn at a rate is its own where it comes sooner than this, and the run waits for it. A later one is given to
 * the account, which comes back for it: runs of an account are so far apart at least.
 */
export const turnAheadMs = 1_000;
/** A turn that was moved is good for so long after its time. */
export const movedTurnMs = 500;
/** A turn that nobody comes back for is forgotten so long after its time. */
export const forgottenTurnMs = 60_000;

/**
 * The turns of one rate, for a queue that serves one process. Instants are on its clock.
 *
 * Turns that are given to accounts are a row, which newcomers join at its end. An account that comes back sends at its turn,
 * or as soon after it as the rate allows. Where that is not soon, as after a pause of all workers, the turn is moved there:
 * the whole row moves back by as much, and nobody loses a place in it.
 */
export class Turns {
  readonly #betweenMs: number;
  /** When the next exchange may be sent that has no moved turn. */
  #next = 0;
  /** From when and until when the row lasts. */
  #rowFrom = 0;
  #rowUntil = 0;
  readonly #given = new Map<string, { readonly at: number; readonly isMoved: boolean }>();

  constructor(perSecond: number) {
    this.#betweenMs = 1_000 / perSecond;
  }

  /** Milliseconds until the account's turn: it uses one that comes within {@link turnAheadMs}. */
  take(ref: string, now: number): number {
    const given = this.#given.get(ref);
    if (given !== undefined && given.at - now >= turnAheadMs) return Math.ceil(given.at - now);
    this.#given.delete(ref);
    if (given?.isMoved === true && now <= given.at + movedTurnMs)
      return Math.max(0, Math.floor(given.at - now));
    const at = Math.max(now, this.#next, given?.at ?? 0);
    const isFree = given !== undefined || at < this.#rowFrom || now >= this.#rowUntil;
    if (isFree && at - now < turnAheadMs) {
      this.#next = at + this.#betweenMs;
      return Math.floor(at - now);
    }
    const turn = given === undefined ? this.#joinRow(now) : this.#move(now);
    this.#given.set(ref, { at: turn, isMoved: given !== undefined });
    return Math.ceil(turn - now);
  }

  #joinRow(now: number): number {
    const isFirst = now >= this.#rowUntil;
    const turn = Math.max(isFirst ? this.#next : this.#rowUntil, now + turnAheadMs);
    if (isFirst) {
      this.#rowFrom = turn;
      for (const [ref, { at }] of this.#given) if (at < now - forgottenTurnMs) this.#given.delete(ref);
    }
    this.#rowUntil = turn + this.#betweenMs;
    return turn;
  }

  #move(now: number): number {
    const turn = Math.max(this.#next, now + turnAheadMs);
    this.#next = turn + this.#betweenMs;
    return turn;
  }
}
