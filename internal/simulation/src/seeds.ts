import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Core } from './core.ts';
import { planOf } from './plan-of.ts';
import { run } from './run.ts';

/** The result of a range of seeds. */
export interface SeedsResult {
  seeds: number;
  steps: number;
  exchanges: number;
  /** How often each kind of fault struck. */
  readonly faults: Record<string, number>;
  /** Seeds that broke a rule, and the first violation of each. */
  readonly failures: { readonly seed: number; readonly violation: string }[];
}

/** Runs seeds one after the other. */
export async function runSeeds(
  cores: readonly Core[],
  from: number,
  count: number,
  onProgress: (done: number) => void = () => {},
): Promise<SeedsResult> {
  const sum: SeedsResult = { seeds: 0, steps: 0, exchanges: 0, faults: {}, failures: [] };
  for (let seed = from; seed < from + count; seed++) {
    const { steps, exchanges, faults, violations } = await run(cores, planOf(seed));
    sum.seeds++;
    sum.steps += steps;
    sum.exchanges += exchanges;
    for (const [kind, times] of Object.entries(faults)) sum.faults[kind] = (sum.faults[kind] ?? 0) + times;
    const [violation] = violations;
    if (violation !== undefined) sum.failures.push({ seed, violation });
    if (sum.seeds % 100 === 0) onProgress(sum.seeds);
  }
  return sum;
}

/** Runs seeds on all processors. */
export async function runSeedsInParallel(
  from: number,
  count: number,
  onProgress: (done: number) => void = () => {},
): Promise<SeedsResult> {
  const threads = Math.min(availableParallelism(), count);
  const share = Math.ceil(count / threads);
  const done: number[] = [];
  const parts = Array.from({ length: threads }, (_, thread) => {
    const start = from + thread * share;
    const size = Math.min(share, from + count - start);
    return runInThread(start, size, (seeds) => {
      done[thread] = seeds;
      onProgress(done.reduce((sum, part) => sum + (part ?? 0), 0));
    });
  });
  const sum: SeedsResult = { seeds: 0, steps: 0, exchanges: 0, faults: {}, failures: [] };
  for (const part of await Promise.all(parts)) {
    sum.seeds += part.seeds;
    sum.steps += part.steps;
    sum.exchanges += part.exchanges;
    sum.failures.push(...part.failures);
    for (const [kind, times] of Object.entries(part.faults)) {
      sum.faults[kind] = (sum.faults[kind] ?? 0) + times;
    }
  }
  return sum;
}

function runInThread(from: number, count: number, onProgress: (done: number) => void): Promise<SeedsResult> {
  const { promise, resolve, reject } = Promise.withResolvers<SeedsResult>();
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: { from, count } });
  worker.on('message', ({ done, result }: { done?: number; result?: SeedsResult }) => {
    if (result === undefined) onProgress(done ?? 0);
    else resolve(result);
  });
  worker.on('error', reject);
  worker.on('exit', () => reject(new Error('a thread ended without a result')));
  return promise;
}
