import { settledWithin, systemClock } from '@auth/core';
import { type RunJob, retryMs, unknownVersionMs, type Work, type WorkOptions } from '@auth/fleet';
import { DelayedError, type Job, Worker } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import { wrongClockMs } from './clock-check.js';
import { type Data, delayOf, type Schedule } from './schedule.js';

/** A worker that died is noticed when the lock of its jobs has ended, and at the next look for such jobs. */
const lockMs = 15_000;
const stalledCheckMs = 5_000;
/** After an error of Redis a worker goes on after this long. */
const goOnMs = 1_000;
/** How often a worker compares its clock, and looks for changes that a worker that died has left behind. */
const choresMs = 5_000;
/** Runs that end within this time share a look for what was asked for while they ran. */
const settleMs = 50;
/**
 * The shortest time until the next run that a run itself asks for. BullMQ forgets a job by its id when a run's last command
 * is answered: the next run must not have begun by then.
 */
const shortestDelayMs = 1_000;

/** What a worker is made of. */
export interface WorkerParts {
  readonly name: string;
  readonly prefix: string;
  /** A connection of its own, which may wait for Redis for as long as it takes. */
  readonly client: Redis | Cluster;
  readonly schedule: () => Promise<Schedule>;
}

/** A BullMQ worker whose jobs are delayed anew at the end of each run. */
export class BullmqWork implements Work {
  readonly #parts: WorkerParts;
  readonly #run: RunJob;
  readonly #options: WorkOptions;
  readonly #worker: Worker<Data>;
  readonly #chores: NodeJS.Timeout;
  /** The jobs of runs that have ended since the last look for what was asked for meanwhile. */
  readonly #ended: string[] = [];
  #settleTimer: NodeJS.Timeout | undefined;
  /** Never rejects. */
  #settling: Promise<unknown> = Promise.resolve();
  #isDoingChores = false;
  #isClosing = false;

  constructor(parts: WorkerParts, run: RunJob, options: WorkOptions) {
    this.#parts = parts;
    this.#run = run;
    this.#options = options;
    this.#worker = new Worker<Data>(parts.name, (job, token, signal) => this.#process(job, token, signal), {
      connection: parts.client,
      prefix: parts.prefix,
      concurrency: options.concurrency,
      lockDuration: lockMs,
      stalledInterval: stalledCheckMs,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: goOnMs,
      autorun: false,
      removeOnComplete: { count: 0 },
    });
    this.#worker.on('error', (error) => options.onError(error));
    // Such a run goes on beside another worker's: its account is left to that one.
    this.#worker.on('lockRenewalFailed', (ids: string[]) => {
      for (const id of ids) this.#worker.cancelJob(id);
    });
    this.#worker.on('completed', ({ id }) => this.#hasEnded(id));
    this.#worker.on('failed', (job) => this.#hasEnded(job?.id));
    this.#chores = setInterval(() => this.#tell(this.#doChores()), choresMs).unref();
    this.#tell(this.#begin());
  }

  async close({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#chores);
    // Waits for the runs; without Redis it would wait for ever.
    const closed = this.#worker.close().then(() => this.#settleEnded());
    await settledWithin(systemClock, timeoutMs, closed);
    this.#worker.cancelAllJobs();
    await stopRenewing(this.#worker);
    this.#parts.client.disconnect();
  }

  /** Begins to take jobs, unless the clock is wrong or Redis answers with an error: then the chores try again. */
  async #begin(): Promise<void> {
    await this.#checkClock();
    if (this.#worker.isPaused()) await this.#worker.resume();
    else if (!this.#worker.isRunning() && !this.#isClosing) await this.#worker.run();
  }

  /** One at a time: they wait for a Redis that is away. */
  async #doChores(): Promise<void> {
    if (this.#isDoingChores) return;
    this.#isDoingChores = true;
    const settling = this.#parts.schedule().then((schedule) => schedule.settleAll());
    const ends = await Promise.allSettled([this.#begin(), settling]);
    this.#isDoingChores = false;
    for (const end of ends) if (end.status === 'rejected') this.#options.onError(end.reason);
  }

  async #checkClock(): Promise<void> {
    const differsMs = await wrongClockMs(this.#parts.client, this.#worker.toKey('clock'));
    if (differsMs === 0) return;
    if (!this.#worker.isPaused()) await this.#worker.pause(true);
    const seconds = Math.round(differsMs / 1_000);
    const text = `this machine's clock differs from Redis' by ${seconds} s, and those of other workers do not: it takes no jobs`;
    throw Object.assign(new Error(text), { code: 'WRONG_CLOCK' });
  }

  async #process(job: Job<Data>, token = '', signal?: AbortSignal): Promise<void> {
    const { v, ref, at } = job.data;
    if (v !== 1) return this.#delay(job, Date.now() + unknownVersionMs, token);
    // It was removed while a worker ran it that has died since: it ends here, and this end carries the removal out.
    if (job.stalledCounter > 0 && (await (await this.#parts.schedule()).isRemoved(ref))) return;
    let own: number | undefined;
    try {
      own = (await this.#run({ v, ref, at }, signal ?? neverAborts)).nextAt;
    } catch (error) {
      this.#options.onError(error);
      // So that a put during the run is known to ask for an earlier time.
      if (signal?.aborted !== true)
        await job.updateData({ ...job.data, at: Date.now() + retryMs }).catch(this.#options.onError);
      // BullMQ keeps the message with the job: it must not be the error's own.
      throw new Error('the run threw');
    }
    if (own !== undefined) await this.#delay(job, own, token);
  }

  /** Ends the run. */
  async #delay({ id = '', data }: Job<Data>, at: number, token: string): Promise<never> {
    const now = Date.now();
    const delayMs = Math.max(shortestDelayMs, delayOf(at, now));
    await this.#worker.getBackend().moveToDelayed(id, now, delayMs, token, {
      skipAttempt: true,
      fieldsToUpdate: { data: JSON.stringify({ ...data, at: Math.min(at, now + delayMs) }) },
    });
    this.#hasEnded(id);
    throw new DelayedError();
  }

  /** What was asked for since is carried out soon, once nobody can take the job for running any more. */
  #hasEnded(id: string | undefined): void {
    if (id !== undefined && this.#ended.push(id) === 1)
      this.#settleTimer = setTimeout(() => this.#settleEnded(), settleMs);
  }

  /** Resolves once everything that has ended is settled, or could not be. */
  #settleEnded(): Promise<unknown> {
    clearTimeout(this.#settleTimer);
    const ids = this.#ended.splice(0);
    if (ids.length > 0) {
      const settling = this.#parts.schedule().then((schedule) => schedule.settle(ids));
      this.#settling = Promise.all([this.#settling, settling.catch(this.#options.onError)]);
    }
    return this.#settling;
  }

  #tell(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#options.onError(error));
  }
}

const neverAborts = new AbortController().signal;

/**
 * BullMQ renews the locks of runs until they have ended, by a timer that holds the process open: without Redis, and where
 * a run never ends, for ever. That timer is BullMQ's own affair, and nothing public ends it.
 */
async function stopRenewing(worker: object): Promise<void> {
  const { lockManager } = worker as { readonly lockManager?: { close(): Promise<void> } };
  await lockManager?.close();
}
