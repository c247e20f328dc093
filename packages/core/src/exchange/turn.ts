import type { Clock } from '../clock.js';
import type { SessionContext } from '../context.js';
import type { Flight } from '../flight.js';
import * as limits from '../limits.js';
import { Line } from '../line.js';

/** Who waits to exchange, by issuer. A process has one clock. */
const lines = new WeakMap<Clock, Map<string, Line>>();

/** A flight's turn to take the lease and to exchange. */
export class Turn {
  readonly #line: Line;
  #isOurs = false;
  #isOver = false;

  constructor({ clock, provider }: SessionContext) {
    const ofClock = lines.get(clock) ?? new Map<string, Line>();
    lines.set(clock, ofClock);
    this.#line = ofClock.get(provider.issuer) ?? new Line(limits.exchangesAtOnce);
    ofClock.set(provider.issuer, this.#line);
  }

  /**
   * Resolves when it has come, at once where it has come before, and for a person, who waits for nobody. Rejects when
   * `signal` aborts.
   */
  async begin({ plan }: Flight, signal: AbortSignal): Promise<void> {
    if (this.#isOurs || plan.kind !== 'refresh') return;
    await this.#line.enter(signal);
    // It may have come when the flight had just stopped waiting.
    if (this.#isOver) this.#line.leave();
    else this.#isOurs = true;
  }

  end(): void {
    this.#isOver = true;
    if (this.#isOurs) this.#line.leave();
  }
}
