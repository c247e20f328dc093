import {
  AuthError,
  type AuthSession,
  type Clock,
  expectOption,
  isAuthError,
  type MaybePromise,
  reasonOf,
  systemClock,
} from '@auth/core';
import type { KeeperEvent } from './events.js';
import { Issuers } from './issuers.js';
import { type Opening, openAccount, releaseAccount } from './open-account.js';
import type { RefreshJob, RefreshQueue, Work } from './queue.js';
import { sweepRef } from './refs.js';
import { sweep } from './sweep.js';

/** Options of {@link createKeeper}. */
export interface KeeperOptions {
  /** Where the jobs are. */
  readonly queue: RefreshQueue;
  /**
   * Opens the session of an account, with `scheduler: null`: the queue is the scheduler. Undefined ends the account's
   * job: there is no such account any more. Within a minute: then the run fails, and comes back.
   */
  readonly open: (ref: string) => MaybePromise<AuthSession | undefined>;
  /** What becomes of the session after a run, within a minute. Default: it is closed. */
  readonly release?: ((session: AuthSession, ref: string) => MaybePromise<void>) | undefined;
  /** Whether runs log in where a login is needed. Default true. */
  readonly login?: boolean | undefined;
  /** The refs of all accounts, for the sweep that enrols those without a job. Absent: `enroller.add` enrols alone. */
  readonly accounts?: (() => AsyncIterable<string>) | undefined;
  /** Runs at once in this process. Default 16. */
  readonly concurrency?: number | undefined;
  /**
   * Exchanges a second with one auth server, over all workers of the queue's name where the queue can, else by this
   * process. Workers that are given another number share another rate.
   */
  readonly perIssuer?: number | undefined;
  /** How often the sweep looks through all accounts, milliseconds. Default a day. */
  readonly sweepMs?: number | undefined;
  /** The first runs of accounts that a sweep enrols are spread over this, milliseconds. Default five minutes. */
  readonly sweepSpreadMs?: number | undefined;
  /** Hears what becomes of each run. */
  readonly onEvent?: ((event: KeeperEvent) => void) | undefined;
  /** For tests. Default: the platform's. */
  readonly clock?: Clock | undefined;
  /** From 0 to below 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** What a keeper has done since it was started. */
export interface KeeperCounts {
  /** Runs under way. */
  readonly running: number;
  /** Runs that ended well, sweeps among them. */
  readonly ran: number;
  /** Runs that failed. */
  readonly failed: number;
}

/** Keeps accounts fresh, one of any number of workers. */
export interface Keeper {
  /**
   * Begins to take jobs, and holds the process open until `close()`. Resolves once the sweep is scheduled, and rejects with
   * `queue_unavailable` where it cannot be: jobs are taken all the same, and another `start()` schedules it. After `close()` it
   * rejects with `disposed`.
   */
  start(): Promise<void>;
  /** Runs of this process since its start. */
  status(): KeeperCounts;
  /** Takes no more jobs, and waits for runs under way: `timeoutMs` milliseconds at most, default 10,000. */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A run that failed comes back after this long, and then after twice as long each time. */
const retryMinMs = 30_000;
const retryMaxMs = 900_000;
const closeMs = 10_000;
const dayMs = 86_400_000;
const defaultSpreadMs = 300_000;
/** How often a keeper makes sure that there is a sweep: an engine that has lost its data has lost that job with all others. */
const sweepCheckMs = 60_000;
/** So many accounts' failures are remembered: an account that fails here may succeed on another worker. */
const rememberedFailures = 100_000;
const defaultConcurrency = 16;

/**
 * Keeps accounts fresh by running the jobs of a queue: each run looks at the store once, renews the tokens if they are
 * due, and says when to come again. Runs that happen twice, late, or on two workers cost a read of the store.
 *
 * @throws AuthError `invalid_options`
 */
export function createKeeper(options: KeeperOptions): Keeper {
  return new QueueKeeper(options);
}

class QueueKeeper implements Keeper {
  readonly #options: KeeperOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #opening: Opening;
  readonly #issuers: Issuers;
  /** Runs in a row that failed, by account. */
  readonly #failures = new Map<string, number>();
  #work: Work | undefined;
  /** Holds the process open: the timers of a queue may not. */
  #hold: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;
  #running = 0;
  #ran = 0;
  #failed = 0;

  constructor(options: KeeperOptions) {
    const { queue, open, concurrency = 1, perIssuer = 1, sweepMs = 1, sweepSpreadMs = 0 } = options ?? {};
    expectOption(typeof queue?.work === 'function', 'queue', 'a RefreshQueue');
    expectOption(typeof open === 'function', 'open', 'a function');
    expectOption(Number.isInteger(concurrency) && concurrency > 0, 'concurrency', 'a whole number above 0');
    expectOption(Number.isFinite(perIssuer) && perIssuer > 0, 'perIssuer', 'exchanges a second, above 0');
    expectOption(Number.isFinite(sweepMs) && sweepMs > 0, 'sweepMs', 'milliseconds above 0');
    expectOption(
      Number.isFinite(sweepSpreadMs) && sweepSpreadMs >= 0,
      'sweepSpreadMs',
      'milliseconds, 0 or more',
    );
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    const onReleaseFailed = (ref: string, error: unknown): void =>
      this.#tell({ type: 'release_failed', ref, reason: reasonOf(error) });
    this.#opening = { open, release: options.release ?? close, clock: this.#clock, onReleaseFailed };
    this.#issuers = new Issuers(options.queue, options.perIssuer, this.#clock, this.#random);
  }

  async start(): Promise<void> {
    if (this.#isClosed) throw new AuthError('disposed', { detail: 'the keeper was closed' });
    if (this.#work === undefined) {
      this.#work = this.#begin();
      this.#tellRisks();
    }
    // Also where an earlier start could not put it.
    await this.#enrolSweep();
  }

  async #enrolSweep(): Promise<void> {
    const { queue, accounts } = this.#options;
    if (accounts === undefined) return;
    await queue.put([{ v: 1, ref: sweepRef, at: this.#clock.now() }], { ifAbsent: true });
  }

  #begin(): Work {
    const { queue, concurrency = defaultConcurrency, perIssuer } = this.#options;
    if (perIssuer !== undefined && queue.take === undefined)
      this.#tell({ type: 'rate_per_process', perIssuer });
    const onError = (error: unknown): void => this.#tell({ type: 'queue_failed', reason: reasonOf(error) });
    this.#hold = setInterval(() => this.#enrolSweep().catch(onError), sweepCheckMs);
    return queue.work((job, signal) => this.#run(job, signal), { concurrency, onError });
  }

  async #tellRisks(): Promise<void> {
    const settings = await this.#options.queue.risks?.().catch(() => []);
    for (const setting of settings ?? []) this.#tell({ type: 'queue_at_risk', setting });
  }

  status(): KeeperCounts {
    return { running: this.#running, ran: this.#ran, failed: this.#failed };
  }

  async close({ timeoutMs = closeMs }: { timeoutMs?: number | undefined } = {}): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#hold);
    await this.#work?.close({ timeoutMs });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(job: RefreshJob, signal: AbortSignal): Promise<{ nextAt?: number }> {
    const startedAt = this.#clock.now();
    const lateMs = Math.max(0, startedAt - job.at);
    this.#running++;
    try {
      const told = job.ref === sweepRef ? await this.#sweep(signal) : await this.#keep(job.ref, signal);
      this.#failures.delete(job.ref);
      this.#ran++;
      this.#tell({ ...told, lateMs, durationMs: this.#clock.now() - startedAt });
      return told;
    } catch (error) {
      this.#failed++;
      const failures = (this.#failures.get(job.ref) ?? 0) + 1;
      this.#failures.delete(job.ref);
      this.#failures.set(job.ref, failures);
      const [oldest] = this.#failures.keys();
      if (this.#failures.size > rememberedFailures) this.#failures.delete(oldest as string);
      const retryMs = Math.min(retryMinMs * 2 ** (failures - 1), retryMaxMs);
      const nextAt = Math.ceil(this.#clock.now() + retryMs * (1 + this.#random() / 4));
      const reason = isAuthError(error) ? error.code : reasonOf(error);
      this.#tell({ type: 'run_failed', ref: job.ref, reason, failures, nextAt });
      return { nextAt };
    } finally {
      this.#running--;
    }
  }

  async #keep(ref: string, signal: AbortSignal): Promise<Outcome> {
    const { login = true } = this.#options;
    const session = await openAccount(this.#opening, ref, signal);
    if (session === undefined) return { type: 'account_unknown', ref };
    const visit = this.#issuers.visit(session, ref);
    try {
      const { state, nextAt } = await session.maintain({ login, admit: visit.admit, signal });
      return nextAt === undefined
        ? { type: 'needs_person', ref, state }
        : { type: 'ran', ref, state, nextAt };
    } finally {
      visit.end();
      await releaseAccount(this.#opening, session, ref);
    }
  }

  async #sweep(signal: AbortSignal): Promise<Outcome> {
    const { accounts, sweepMs = dayMs, sweepSpreadMs: spreadMs = defaultSpreadMs } = this.#options;
    if (accounts === undefined)
      throw new AuthError('invalid_options', { detail: 'accounts: the sweep needs it' });
    const { queue, concurrency = defaultConcurrency } = this.#options;
    const parts = { ...this.#opening, queue, accounts, concurrency, spreadMs };
    const states = await sweep({ ...parts, random: this.#random }, signal);
    const count = Object.values(states).reduce((sum, each) => sum + each, 0);
    return { type: 'swept', accounts: count, states, nextAt: this.#clock.now() + sweepMs };
  }

  #tell(event: KeeperEvent): void {
    try {
      this.#options.onEvent?.(Object.freeze(event));
    } catch {
      // An error of a listener must not end a run.
    }
  }
}

/** What a run comes to. When and for how long it ran is added when it is told. */
type Outcome = WithoutTimes<Extract<KeeperEvent, { readonly durationMs: number }>>;

type WithoutTimes<Event> = Event extends KeeperEvent
  ? Omit<Event, 'lateMs' | 'durationMs'> & { readonly nextAt?: number }
  : never;

function close(session: AuthSession): Promise<void> {
  return session.close();
}
