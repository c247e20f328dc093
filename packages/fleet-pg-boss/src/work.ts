import { settledWithin, systemClock } from '@auth/core';
import {
  type RefreshJob,
  type RunJob,
  retryMs,
  unknownVersionMs,
  type Work,
  type WorkOptions,
} from '@auth/fleet';
import type { PgBoss } from 'pg-boss';
import { type Claim, delayOf, type EndedRun, lowestPriorityDueAt, type Statements } from './statements.js';
import { within } from './within.js';

/** How often a worker that has room looks for jobs that are due. */
const pollMs = 1_000;
/** A look costs the same for many jobs as for one: a worker without room waits until it has room for this part of its runs … */
const roomShare = 0.25;
/** … or for so long. */
const gatherMs = 50;
/** Runs that end within this time are saved by one statement. */
const saveMs = 10;
/** How often a worker tells that its runs are alive … */
const touchMs = 5_000;
/** … looks for those of dead workers, and compares its clock with the database's. */
const superviseMs = 10_000;
/** The database's answer is waited for so long. A claim that is told of no more ends by itself. */
const answerMs = 10_000;

/** What a worker is made of. */
export interface WorkerParts {
  readonly boss: PgBoss;
  readonly statements: Statements;
}

interface Run extends Claim {
  readonly stop: AbortController;
}

/** Takes as many jobs as it has room for, and makes each due again when its run has ended. */
export class PgBossWork implements Work {
  readonly #name: string;
  readonly #ready: () => Promise<WorkerParts>;
  readonly #run: RunJob;
  readonly #options: WorkOptions;
  readonly #running = new Set<Run>();
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #loop: Promise<void>;
  #ended: { readonly run: EndedRun; readonly saved: PromiseWithResolvers<void> }[] = [];
  #clockAheadMs = 0;
  #isSupervising = false;
  #isClosing = false;
  #closed: Promise<void> | undefined;
  /** Ends the wait for the next look. */
  #endWait = (): void => {};
  /** Tells that a run has ended, to whoever waits for that. */
  #tellEnd = (): void => {};

  constructor(name: string, ready: () => Promise<WorkerParts>, run: RunJob, options: WorkOptions) {
    this.#name = name;
    this.#ready = ready;
    this.#run = run;
    this.#options = options;
    this.#timers = [
      setInterval(() => this.#tell(this.#touch()), touchMs).unref(),
      setInterval(() => this.#tell(this.#supervise()), superviseMs).unref(),
    ];
    this.#tell(this.#supervise());
    this.#loop = this.#takeJobs();
  }

  /** The first call's time counts. */
  close({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    this.#closed ??= this.#close(timeoutMs);
    return this.#closed;
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#isClosing = true;
    this.#endWait();
    this.#tellEnd();
    await settledWithin(systemClock, timeoutMs, this.#allEnded());
    for (const timer of this.#timers) clearInterval(timer);
    for (const { stop } of this.#running) stop.abort();
  }

  async #allEnded(): Promise<void> {
    await this.#loop;
    while (this.#running.size > 0) await this.#oneEnded();
  }

  #oneEnded(): Promise<void> {
    return new Promise((resolve) => {
      this.#tellEnd = resolve;
    });
  }

  async #takeJobs(): Promise<void> {
    while (!this.#isClosing) {
      const room = this.#options.concurrency - this.#running.size;
      const taken = room === 0 ? 0 : await this.#take(room);
      // There may be more of what filled the room: the next look is as soon as there is room again.
      if (room === 0) await this.#roomMade();
      else if (taken < room && !this.#isClosing) await this.#waitToLook();
    }
  }

  async #roomMade(): Promise<void> {
    await this.#oneEnded();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#tellEnd();
    }, gatherMs);
    const most = this.#options.concurrency * (1 - roomShare);
    while (this.#running.size > most && !isLate && !this.#isClosing) await this.#oneEnded();
    clearTimeout(timer);
  }

  async #take(room: number): Promise<number> {
    try {
      const { boss } = await this.#ready();
      const minPriority = lowestPriorityDueAt(Date.now() + this.#clockAheadMs);
      const options = { batchSize: room, minPriority, includeMetadata: true } as const;
      const jobs = await within(answerMs, boss.fetch<Stored>(this.#name, options));
      if (this.#isClosing) {
        await this.#release(jobs);
        return 0;
      }
      for (const { id, retryCount, data } of jobs) {
        const run = { id, retryCount, stop: new AbortController() };
        this.#running.add(run);
        this.#carryOut(run, data);
      }
      return jobs.length;
    } catch (error) {
      this.#options.onError(error);
      return 0;
    }
  }

  /** Jobs that came too late: others run them. */
  async #release(claims: readonly Claim[]): Promise<void> {
    const { statements } = await this.#ready();
    const ended = claims.map(({ id, retryCount }) => ({ id, retryCount, delayMs: 0 }));
    if (ended.length > 0) await within(answerMs, statements.end(ended));
  }

  async #carryOut(run: Run, job: Stored): Promise<void> {
    const delayMs = await this.#delayAfter(run, job);
    try {
      await within(answerMs, this.#save({ id: run.id, retryCount: run.retryCount, delayMs }));
    } catch (error) {
      // Its claim ends, and the job comes back as that of a worker that died.
      this.#options.onError(error);
    }
    this.#running.delete(run);
    this.#tellEnd();
  }

  async #delayAfter({ stop }: Run, { v, ref, at, removed }: Stored): Promise<number | null> {
    // It was removed while a worker ran it that has died since.
    if (removed === true) return null;
    if (v !== 1) return unknownVersionMs;
    try {
      const { nextAt } = await this.#run({ v, ref, at: at - this.#clockAheadMs }, stop.signal);
      return nextAt === undefined ? null : delayOf(nextAt - Date.now());
    } catch (error) {
      this.#options.onError(error);
      return retryMs;
    }
  }

  #save(run: EndedRun): Promise<void> {
    const saved = Promise.withResolvers<void>();
    if (this.#ended.push({ run, saved }) === 1) setTimeout(() => this.#saveEnded(), saveMs);
    return saved.promise;
  }

  async #saveEnded(): Promise<void> {
    const ended = this.#ended;
    this.#ended = [];
    try {
      const { statements } = await this.#ready();
      await statements.end(ended.map(({ run }) => run));
      for (const { saved } of ended) saved.resolve();
    } catch (error) {
      for (const { saved } of ended) saved.reject(error);
    }
  }

  async #touch(): Promise<void> {
    const claims = [...this.#running].map(({ id, retryCount }) => ({ id, retryCount }));
    if (claims.length > 0) await within(answerMs, (await this.#ready()).boss.touch(this.#name, claims));
  }

  /** One at a time: pg-boss lets each wait for the one before it. */
  async #supervise(): Promise<void> {
    if (this.#isSupervising) return;
    this.#isSupervising = true;
    try {
      const { boss, statements } = await this.#ready();
      this.#clockAheadMs = await within(answerMs, statements.clockAheadMs());
      await boss.supervise(this.#name);
    } finally {
      this.#isSupervising = false;
    }
  }

  #waitToLook(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pollMs).unref();
      this.#endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #tell(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#options.onError(error));
  }
}

/** A job's data. */
interface Stored extends RefreshJob {
  readonly removed?: boolean;
}
