import type { AuthEvent, AuthSession, Clock, MaybePromise } from '@auth/core';
import type { RefreshQueue } from './queue.js';

/** So many exchanges in a row without an answer, or with that of a broken server, and an issuer is tried by one account at a time. */
const failuresInARow = 20;
/** It is tried this often by all workers, where they can share a rate; a late try and a timely one may fall in one second. */
const triesPerSecond = 1;
/**
 * An account that was not let through comes again after between this and twice as long, or a tenth of the time for which
 * the server has been away: the longer that is, the more accounts wait.
 */
const [shortestWaitMs, longestWaitMs] = [5_000, 60_000];

/** What a process knows of one auth server. */
interface Issuer {
  /** Exchanges in a row that told of its absence, and when they were too many. */
  failures: number;
  awaySince: number;
  isTried: boolean;
  nextTryAt: number;
  /** The rate of this process, where workers cannot share one. */
  nextTurnAt: number;
  /** After the last turn that somebody waits for. */
  lastTurnAt: number;
}

/** What lets exchanges with auth servers go on: a rate, and whether the server answers at all. */
export class Issuers {
  readonly #queue: RefreshQueue;
  readonly #perSecond: number | undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #known = new Map<string, Issuer>();

  constructor(queue: RefreshQueue, perSecond: number | undefined, clock: Clock, random: () => number) {
    this.#queue = queue;
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#random = random;
  }

  /** A run's dealings with its auth server: `admit` is asked before an exchange, `end` is told of the run's end. */
  visit(session: AuthSession): { admit(): Promise<number>; end(): void } {
    const name = session.issuer;
    const issuer = this.#of(name);
    const unsubscribe = session.subscribe((event) => hear(issuer, event));
    let isTrial = false;
    return {
      admit: async () => {
        const now = this.#clock.monotonic();
        if (issuer.failures < failuresInARow) {
          issuer.awaySince = now;
          return this.#turn(name, issuer);
        }
        const isTurn = !issuer.isTried && now >= issuer.nextTryAt;
        if (isTurn) {
          isTrial = issuer.isTried = true;
          issuer.nextTryAt = now + 1_000 / triesPerSecond;
          if (((await this.#queue.take?.(`${name} away`, triesPerSecond)) ?? 0) === 0) return 0;
        }
        const waitMs = Math.min(Math.max(shortestWaitMs, (now - issuer.awaySince) / 10), longestWaitMs);
        return waitMs * (1 + this.#random());
      },
      end: () => {
        if (isTrial) issuer.isTried = false;
        unsubscribe();
      },
    };
  }

  #turn(name: string, issuer: Issuer): MaybePromise<number> {
    if (this.#perSecond === undefined) return 0;
    return this.#queue.take?.(name, this.#perSecond) ?? this.#ownTurn(issuer, this.#perSecond);
  }

  /**
   * Milliseconds to wait for a turn at this rate, for this process alone; 0 takes the turn. Whoever waits is given a time
   * of his own, a turn after the last: he asks again then, and finds it free unless somebody else came first.
   */
  #ownTurn(issuer: Issuer, perSecond: number): number {
    const now = this.#clock.monotonic();
    const betweenMs = 1_000 / perSecond;
    if (now >= issuer.nextTurnAt) {
      issuer.nextTurnAt = Math.max(issuer.nextTurnAt, now - betweenMs) + betweenMs;
      return 0;
    }
    const turnAt = Math.max(issuer.lastTurnAt, issuer.nextTurnAt);
    issuer.lastTurnAt = turnAt + betweenMs;
    return Math.ceil(turnAt - now);
  }

  #of(name: string): Issuer {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const issuer = { failures: 0, awaySince: 0, isTried: false, nextTryAt: 0, nextTurnAt: 0, lastTurnAt: 0 };
    this.#known.set(name, issuer);
    return issuer;
  }
}

function hear(issuer: Issuer, event: AuthEvent): void {
  if (event.type === 'login' || event.type === 'refresh') issuer.failures = 0;
  if (event.type !== 'exchange_failed') return;
  const isAnswer = event.delivery === 'answered' && event.code !== 'server_unavailable';
  issuer.failures = isAnswer ? 0 : issuer.failures + 1;
}
