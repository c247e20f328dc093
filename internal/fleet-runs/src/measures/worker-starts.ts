import { Redis } from 'ioredis';
import { leaseMs, refs } from '../accounts.ts';
import { openEngine } from '../engine.ts';
import { startEngine } from '../engine-server.ts';
import { Fleet, pause } from '../fleet.ts';

/** What happens where workers start on accounts that are enrolled. */
export interface WorkerStart {
  readonly sweeps: number;
  /** Until the sweep was over. */
  readonly tookMs: number;
  /** Jobs that were due at another time afterwards, or were gone, or new. */
  readonly movedJobs: number;
  readonly peakMiB: number;
}

/** A second sweep would begin before that. */
const watchedMs = 5_000;

export async function measureWorkerStart(workers: number, accounts: number): Promise<WorkerStart> {
  await using engine = await startEngine('bullmq');
  if (engine.place.kind !== 'bullmq') throw new Error('this is measured on Redis');
  const lifeMs = 3_600_000;
  {
    await using opened = await openEngine(engine.place, leaseMs);
    const dueAt = (index: number): number => Date.now() + lifeMs / 2 + index;
    const jobs = refs(accounts).map((ref, index) => ({ v: 1 as const, ref, at: dueAt(index) }));
    while (jobs.length > 0) await opened.queue.put(jobs.splice(0, 1_000));
  }
  await using fleet = new Fleet({ workers, accounts, lifeMs }, engine);
  const before = await dueTimes(engine.place.port);
  const since = performance.now();
  await fleet.start();
  await fleet.swept();
  const tookMs = performance.now() - since;
  await pause(watchedMs);
  const after = await dueTimes(engine.place.port);
  const { fleet: report } = await fleet.report();
  const moved = [...before].filter(([job, at]) => after.get(job) !== at).length;
  const added = [...after.keys()].filter((job) => !before.has(job)).length;
  // The sweep's own job for tomorrow.
  return { sweeps: report.sweeps, tookMs, movedJobs: moved + added - 1, peakMiB: report.peakMiB };
}

/** When each job is due, as BullMQ has it. */
async function dueTimes(port: number): Promise<Map<string, number>> {
  const client = new Redis(port, '127.0.0.1');
  const flat = await client.zrange('bull:auth-refresh:delayed', '0', '-1', 'WITHSCORES');
  client.disconnect();
  return new Map(
    Array.from({ length: flat.length / 2 }, (_, index) => [
      flat[2 * index] as string,
      Number(flat[2 * index + 1]),
    ]),
  );
}
