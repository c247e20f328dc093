/** Lets so many in at a time. The others wait in the order in which they came. */
export class Line {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Calls `go` when it is our turn, at once where nobody has to wait. */
  enter(go: () => void): void {
    if (this.#free <= 0) {
      this.#waiting.add(go);
      return;
    }
    this.#free--;
    go();
  }

  /** Lets all who wait in at once. */
  open(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#free -= waiting.length;
    for (const go of waiting) go();
  }

  /** Leaves the line. False: the turn had come already, or is over. */
  cancel(go: () => void): boolean {
    return this.#waiting.delete(go);
  }

  /** Ends a turn: the next one has it, but for those that began beside the line. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#free < 0) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
