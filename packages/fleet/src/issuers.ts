import type { AuthEvent, AuthSession, Clock, MaybePromise } from '@auth/core';
import type { RefreshQueue } from './queue.js';
import { Turns, turnAheadMs } from './turns.js';

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
  turns: Turns | undefined;
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
  visit(session: AuthSession, ref: string): { admit(): Promise<number>; end(): void } {
    const name = session.issuer;
    const issuer = this.#of(name);
    const unsubscribe = session.subscribe((event) => hear(issuer, event));
    let isTrial = false;
    return {
      admit: async () => {
        const now = this.#clock.monotonic();
        if (issuer.failures < failuresInARow) {
          issuer.awaySince = now;
          return this.#turn(name, issuer, ref);
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

  /** 0 once the turn has come; else when to come back for it. */
  async #turn(name: string, issuer: Issuer, ref: string): Promise<number> {
    if (this.#perSecond === undefined) return 0;
    const waitMs = await this.#take(name, issuer, ref, this.#perSecond);
    if (waitMs >= turnAheadMs) return waitMs;
    if (waitMs > 0) await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, waitMs));
    return 0;
  }

  #take(name: string, issuer: Issuer, ref: string, perSecond: number): MaybePromise<number> {
    // A rate that is set anew begins anew: turns that were given at a slower one may be hours ahead.
    if (this.#queue.take !== undefined) return this.#queue.take(`${name} ${perSecond}/s`, perSecond, ref);
    issuer.turns ??= new Turns(perSecond);
    return issuer.turns.take(ref, this.#clock.monotonic());
  }

  #of(name: string): Issuer {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const issuer = { failures: 0, awaySince: 0, isTried: false, nextTryAt: 0, turns: undefined };
    this.#known.set(name, issuer);
    return issuer;
  }
}

function hear(issuer: Issuer, event: AuthEvent): void {
  if (event.type === 'login' || event.type === 'refresh') issuer.failures = 0;
  if (event.type !== 'exchange_failed') return;
  // A vault that is away says nothing of the server, and what is sent once more is one exchange.
  if (event.code === 'credentials_unavailable' || event.resend) return;
  const isAnswer = event.delivery === 'answered' && event.code !== 'server_unavailable';
  issuer.failures = isAnswer ? 0 : issuer.failures + 1;
}
