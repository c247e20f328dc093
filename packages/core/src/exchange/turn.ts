import { type Clock, unref } from '../clock.js';
import type { SessionContext } from '../context.js';
import { getOrAdd } from '../get-or-add.js';
import * as limits from '../limits.js';
import { Line } from '../line.js';

/** Who waits to exchange, by issuer. A process has one clock. */
const lines = new WeakMap<Clock, Map<string, Line>>();

/**
 * A flight's turn to take the lease and to exchange. It is over after a second, whatever the flight still waits for: a
 * slow server, or a dead holder of the lease, does not hold up the accounts behind it.
 */
export class Turn {
  readonly #line: Line;
  readonly #clock: Clock;
  #state: 'none' | 'waiting' | 'ours' | 'over' = 'none';
  #timer: unknown;
  /** Ends the wait without a turn. */
  #stopWaiting: () => void = () => {};

  constructor({ clock, provider }: SessionContext) {
    const ofClock = getOrAdd(lines, clock, () => new Map<string, Line>());
    this.#line = getOrAdd(ofClock, provider.issuer, () => new Line(limits.exchangesAtOnce));
    this.#clock = clock;
  }

  /** Resolves when it has come; at once where it has come before. Rejects when `signal` aborts. */
  begin(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#state !== 'none') return resolve();
      const stop = (): boolean => {
        signal.removeEventListener('abort', onAbort);
        return this.#line.cancel(go);
      };
      const onAbort = (): void => {
        if (stop()) this.#state = 'over';
        reject(signal.reason);
      };
      const go = (): void => {
        stop();
        this.#state = 'ours';
        this.#timer = unref(this.#clock.setTimeout(() => this.end(), limits.turnMs));
        resolve();
      };
      this.#stopWaiting = () => {
        if (!stop()) return;
        this.#state = 'over';
        resolve();
      };
      this.#state = 'waiting';
      this.#line.enter(go);
      if (this.#state === 'waiting') signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** The flight waits in line no longer. */
  hurry(): void {
    if (this.#state === 'waiting') this.#stopWaiting();
  }

  /** The flight sends nothing for a while: the next one may begin. */
  end(): void {
    if (this.#state !== 'ours') return;
    this.#state = 'over';
    this.#clock.clearTimeout(this.#timer);
    this.#line.leave();
  }
}
