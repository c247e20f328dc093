import type { RefreshJob, RefreshQueue, RunJob } from '@auth/fleet';
import type { Random } from './random.ts';
import type { Process, World } from './world.ts';

/** A worker that has not ended its run by then has died, or seems to have: its job is handed out again. */
const lockMs = 20_000;
/** A run that has not ended so long after its time is late. */
const lateMs = 30_000;
const minuteMs = 60_000;

/** A job that stands, is handed out, or is lost. */
interface Standing {
  readonly job: RefreshJob;
  isOver: boolean;
}

/** A queue on an engine that is hardly one: jobs run in time, late, twice, after those that came later, and never. */
export class WorkerQueue {
  readonly #world: World;
  readonly #random: Random;
  readonly #longestDelayMs: number;
  readonly #workers = new Map<Process, RunJob>();
  readonly #jobs = new Map<string, Standing>();
  readonly #running = new Map<string, number>();
  /** Until then an account went without a run that was due; for ever while it still does. */
  readonly #behindUntil = new Map<string, number>();

  constructor(world: World, random: Random, longestDelayMs: number) {
    this.#world = world;
    this.#random = random;
    this.#longestDelayMs = longestDelayMs;
  }

  /** The queue as one process sees it. */
  of(process: Process): RefreshQueue {
    return {
      name: 'simulated',
      put: async (jobs, { ifAbsent = false } = {}) => {
        for (const job of jobs) if (!ifAbsent || !this.#isKnown(job.ref)) this.#put(job);
      },
      remove: async (refs) => {
        for (const ref of refs) this.#forget(ref);
      },
      work: (run) => {
        this.#workers.set(process, run);
        return { close: async () => void this.#workers.delete(process) };
      },
      close: async () => {},
    };
  }

  /** Every run of the account that was due since then has ended in time. */
  isInTime(ref: string, since: number): boolean {
    return (this.#behindUntil.get(ref) ?? Number.POSITIVE_INFINITY) < since;
  }

  #isKnown(ref: string): boolean {
    return this.#jobs.has(ref) || (this.#running.get(ref) ?? 0) > 0;
  }

  #put(job: RefreshJob): void {
    this.#forget(job.ref);
    const standing = { job, isOver: false };
    this.#jobs.set(job.ref, standing);
    const untilDueMs = job.at - this.#world.now;
    this.#world.schedule(undefined, untilDueMs + this.#delayMs(), () => this.#handOut(standing));
    this.#noticeIfLate(standing);
  }

  #noticeIfLate(standing: Standing): void {
    const { at, ref } = standing.job;
    this.#world.schedule(undefined, Math.max(0, at - this.#world.now) + lateMs, () => {
      if (!standing.isOver) this.#behindUntil.set(ref, Number.POSITIVE_INFINITY);
    });
  }

  #forget(ref: string): void {
    const standing = this.#jobs.get(ref);
    if (standing !== undefined) standing.isOver = true;
    this.#jobs.delete(ref);
  }

  #delayMs(): number {
    if (this.#random.chance(0.7)) return this.#random.between(0, 1_000);
    return this.#random.between(0, this.#random.chance(0.7) ? 2 * minuteMs : this.#longestDelayMs);
  }

  #handOut(standing: Standing): void {
    if (standing.isOver) return;
    this.#jobs.delete(standing.job.ref);
    if (this.#random.chance(0.05)) return;
    this.#run(standing);
    if (this.#random.chance(0.7)) return;
    const againMs = this.#random.between(0, this.#random.chance(0.5) ? 200 : 5 * minuteMs);
    this.#world.schedule(undefined, againMs, () => this.#run(standing));
  }

  #run(standing: Standing): void {
    const { job } = standing;
    const workers = [...this.#workers].filter(([{ isAlive }]) => isAlive);
    if (workers.length === 0) return void this.#world.schedule(undefined, 1_000, () => this.#run(standing));
    const [worker, run] = this.#random.pick(workers);
    let hasEnded = false;
    this.#running.set(job.ref, (this.#running.get(job.ref) ?? 0) + 1);
    const end = (): void => {
      if (!hasEnded) this.#running.set(job.ref, (this.#running.get(job.ref) ?? 1) - 1);
      hasEnded = true;
    };
    this.#world.schedule(worker, this.#random.between(1, 20), async () => {
      const { nextAt } = await run(job, new AbortController().signal);
      end();
      this.#ended(standing, nextAt);
    });
    this.#world.schedule(undefined, lockMs, () => {
      if (hasEnded) return;
      end();
      this.#run(standing);
    });
  }

  /** Of what runs of the same job say, the earlier stands. */
  #ended(standing: Standing, nextAt: number | undefined): void {
    const { ref } = standing.job;
    standing.isOver = true;
    this.#behindUntil.set(ref, this.#world.now);
    const other = this.#jobs.get(ref);
    if (nextAt !== undefined && nextAt < (other?.job.at ?? Number.POSITIVE_INFINITY))
      this.#put({ v: 1, ref, at: nextAt });
    else if (other !== undefined) this.#noticeIfLate(other);
  }
}
