import * as limits from './limits.js';

/** The pause that follows this many failures in a row. */
export function coolDownMs(failures: number): number {
  return doubling(failures, limits.coolDownMinMs, limits.coolDownMaxMs);
}

/** The minimum at the first count, twice as much at each further one, and no more than the maximum. */
export function doubling(count: number, minMs: number, maxMs: number): number {
  return Math.min(minMs * 2 ** (count - 1), maxMs);
}
