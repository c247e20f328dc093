import { type RefreshJob, retryMs } from '@auth/fleet';
import { Job, type JobsOptions, type Queue } from 'bullmq';
import type { Pending, PendingChanges } from './pending.js';

export type Data = RefreshJob;

/** The name of all jobs, as dashboards show it. */
const jobName = 'refresh';
/** A job that is moved by others between looking and acting is looked at again, this often at most. */
const attempts = 20;

/**
 * One job for each account, kept for as long as the account has one: a run delays its own job anew. Whatever is asked
 * for while the job runs is left to its worker, as a pending change.
 */
export class Schedule {
  readonly queue: Queue<Data>;
  readonly #pending: PendingChanges;

  constructor(queue: Queue<Data>, pending: PendingChanges) {
    this.queue = queue;
    this.#pending = pending;
  }

  async addAbsent(jobs: readonly RefreshJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const pending = await this.#pending.ofAll(jobs.map(({ ref }) => idOf(ref)));
    // A job that was removed while it runs is no job any more.
    const removed = jobs.filter((_, index) => pending[index]?.isRemoved);
    await Promise.all(removed.map((job) => this.put(job)));
    const others = jobs.filter((job) => !removed.includes(job));
    // BullMQ leaves jobs alone whose id it knows.
    await this.queue.addBulk(
      others.map((job) => ({ name: jobName, data: job, opts: optionsOf(job, Date.now()) })),
    );
  }

  async put(job: RefreshJob): Promise<void> {
    const id = idOf(job.ref);
    await this.#pending.addPut(id, job.at, true);
    for (let attempt = 0; attempt < attempts; attempt++) {
      const state = await this.queue.getJobState(id);
      if (state === 'active') {
        await this.#pending.addPut(id, job.at);
        return this.#unlessActive(id);
      }
      if (await this.#placed(id, state, job)) return;
    }
    throw new Error('the job kept moving');
  }

  async remove(ref: string): Promise<void> {
    const id = idOf(ref);
    await this.#pending.addRemovalIfPending(id);
    for (let attempt = 0; attempt < attempts; attempt++) {
      const state = await this.queue.getJobState(id);
      if (state === 'unknown') return;
      if (state === 'active') {
        await this.#pending.addRemoval(id);
        return this.#unlessActive(id);
      }
      if ((await this.queue.remove(id)) === 1) return;
    }
    throw new Error('the job kept moving');
  }

  /** Whether a job was removed while it was run. What was put since begins anew when that run has ended. */
  async isRemoved(ref: string): Promise<boolean> {
    return (await this.#pending.of(idOf(ref)))?.isRemoved === true;
  }

  /** Carries out what was asked for while jobs ran. */
  async settle(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const pending = await this.#pending.ofAll(ids);
    await Promise.all(ids.map((id, index) => pending[index] && this.#settleOne(id)));
  }

  /** One at a time: a late one must not carry out what is over. */
  async #settleOne(id: string): Promise<void> {
    await this.#pending.alone(id, async () => {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const pending = await this.#pending.of(id);
        if (pending === undefined) return;
        const state = await this.queue.getJobState(id);
        // The next run has begun: its end will carry it out.
        if (state === 'active') return;
        if (!(await this.#carriedOut(id, state, pending))) continue;
        if (await this.#pending.clear(id, pending)) return;
      }
    });
  }

  /** Carries out what workers have left behind that died between a run and this. */
  async settleAll(): Promise<void> {
    await this.settle(await this.#pending.ids());
  }

  /** The run may have ended before the change was pending, and then nobody else carries it out. */
  async #unlessActive(id: string): Promise<void> {
    if ((await this.queue.getJobState(id)) !== 'active') await this.settle([id]);
  }

  async #carriedOut(id: string, state: string, { isRemoved, at }: Pending): Promise<boolean> {
    if (isRemoved && state !== 'unknown') return (await this.queue.remove(id)) === 1 && at === undefined;
    if (at === undefined) return true;
    const standing = await Job.fromId<Data>(this.queue, id);
    if (standing !== undefined && standing.data.at <= at) return true;
    return this.#placed(id, state, { v: 1, ref: refOf(id), at });
  }

  /** Whether the job now stands as it should. Not so if it was moved meanwhile, or to be looked at again. */
  async #placed(id: string, state: string, job: RefreshJob): Promise<boolean> {
    const now = Date.now();
    if (state === 'unknown') {
      await this.queue.add(jobName, job, optionsOf(job, now));
      // Another may have added it in between, for another time.
      return (await Job.fromId<Data>(this.queue, id))?.data.at === job.at;
    }
    if (state === 'delayed') {
      const backend = this.queue.getBackend();
      try {
        await backend.updateData({ id } as Job<Data>, job);
        await backend.changeDelay(id, delayOf(job.at, now));
        return true;
      } catch (error) {
        if (isMoved(error)) return false;
        throw error;
      }
    }
    // It waits for a worker to be free, and is run next.
    if (state === 'waiting' && job.at <= now) return true;
    await this.queue.remove(id);
    return false;
  }
}

/** BullMQ allows no colon in an id, and no id that is a number. */
function idOf(ref: string): string {
  return `~${encodeURIComponent(ref)}`;
}

function refOf(id: string): string {
  return decodeURIComponent(id.slice(1));
}

/** BullMQ packs a job's time and a counter into one number, which has room for so many years. */
const longestDelayMs = 315_360_000_000;

export function delayOf(at: number, now: number): number {
  return Math.min(Math.max(0, Math.ceil(at) - now), longestDelayMs);
}

/** A job is never given up, however often its run throws. */
function optionsOf({ ref, at }: RefreshJob, now: number): JobsOptions {
  return {
    jobId: idOf(ref),
    delay: delayOf(at, now),
    attempts: Number.MAX_SAFE_INTEGER,
    backoff: retryMs,
    stackTraceLimit: 0,
  };
}

/** BullMQ's codes for a job that is not there, or not in the state that it was seen in. */
function isMoved(error: unknown): boolean {
  return [-1, -3].includes((error as { code?: number }).code ?? 0);
}
