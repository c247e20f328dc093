import type { MaybePromise } from '@auth/core';
import type { turnAheadMs } from './turns.js';

/** An account's next run. */
export interface RefreshJob {
  /** Of this shape. A worker leaves a job of a version that it does not know to newer workers. */
  readonly v: 1;
  /** The application's own id of the account: no secret, and nobody's name. */
  readonly ref: string;
  /** When the run is due, epoch milliseconds. */
  readonly at: number;
}

/** Runs one job; resolves to when the account is to be run next. Without `nextAt` its job ends. */
export type RunJob = (job: RefreshJob, signal: AbortSignal) => Promise<{ readonly nextAt?: number }>;

/** Options of {@link RefreshQueue.work}. */
export interface WorkOptions {
  /** Runs at once in this process. */
  readonly concurrency: number;
  /** Hears of what the queue itself could not do, and of runs that threw; such a run comes back. */
  onError(error: unknown): void;
}

/** A worker that takes jobs. */
export interface Work {
  /** Takes no more jobs, and waits for the runs under way; their signals abort when the time is over. */
  close(options: { readonly timeoutMs: number }): Promise<void>;
}

/**
 * The schedule of a fleet's accounts: one job for each account, whatever number of programs put and run it. Ports to
 * job engines are held to this by `queueSuite` of `@auth/testing/conformance`.
 */
export interface RefreshQueue {
  /** Tells several keepers on one engine apart. */
  readonly name: string;
  /**
   * Schedules runs, in place of what is scheduled for the same accounts. With `ifAbsent` an account that has a job, or
   * is being run, keeps it. Of a `put` during a run and the run's own `nextAt` the earlier stands.
   */
  put(jobs: readonly RefreshJob[], options?: { readonly ifAbsent?: boolean }): Promise<void>;
  /** Ends the jobs of these accounts, those that are being run included: their `nextAt` counts for nothing. */
  remove(refs: readonly string[]): Promise<void>;
  /** Runs jobs that are due. A run's `nextAt` is saved before or with its completion. */
  work(run: RunJob, options: WorkOptions): Work;
  /** Ends the connections that the queue has opened itself, never yours. */
  close(): Promise<void>;
  /**
   * Milliseconds until the account's turn to exchange with this bucket, at a rate that all workers of this name share. A turn within
   * {@link turnAheadMs} is used by asking: wait for it, and send. A later one is given to the account, which asks again
   * then. Without `ref` an answer of 0 uses up a turn, and a wait uses up none. Absent: a rate holds for each process.
   */
  take?(bucket: string, perSecond: number, ref?: string): MaybePromise<number>;
  /** Settings of the engine that may cost it the schedule, by name, as far as they can be read. Asked once, at a keeper's start. */
  risks?(): Promise<readonly string[]>;
}
