import { addCompletedJobs } from '../completed-jobs.ts';
import { startEngine } from '../engine-server.ts';
import { Fleet, type FleetPlan, pause } from '../fleet.ts';
import type { Figures } from '../judge.ts';
import type { EnginePlace, WorkedBy } from '../messages.ts';

/** What renewals cost a fleet that has more to do than it can. */
export interface Scale {
  readonly rotationsPerSecond: number;
  readonly runsPerRotation: number;
  /** Of all workers, milliseconds. */
  readonly cpuMsPerRotation: number;
  readonly engineCpuMsPerRotation: number | undefined;
  readonly peakMiB: number;
  readonly bytesPerAccount: number;
  readonly lateP99Ms: number;
  readonly mostInASecond: number;
}

/** How a fleet is measured. */
export type ScaleOptions = Pick<
  FleetPlan,
  'workers' | 'accounts' | 'lifeMs' | 'perIssuer' | 'sweepSpreadMs' | 'heapMiB'
> & {
  readonly engine: EnginePlace['kind'];
  readonly workedBy: WorkedBy;
  /** For how long it renews before it is measured: programs that have just started cost more. Default 0. */
  readonly warmUpMs?: number | undefined;
  readonly measuredMs: number;
  /** Completed jobs in the same queue, in PostgreSQL. Default none. */
  readonly completedJobs?: number | undefined;
};

/** Lets a fleet renew for a time. With a life that is short for its accounts it renews as fast as it can. */
export async function measureScale(options: ScaleOptions): Promise<Scale> {
  await using engine = await startEngine(options.engine);
  const empty = await engine.usage();
  const durationMs = options.measuredMs;
  await using fleet = new Fleet({ ...options, latencyMs: 0 }, engine);
  await fleet.start();
  const { completedJobs = 0, warmUpMs = 0, sweepSpreadMs = 0 } = options;
  await Promise.all([fleet.enrolled(600_000 + sweepSpreadMs), pause(warmUpMs)]);
  if (engine.place.kind === 'pg-boss' && completedJobs > 0)
    await addCompletedJobs(engine.place.url, completedJobs);
  await fleet.begin();
  const [before, engineBefore] = [await fleet.report(), await engine.usage()];
  await pause(durationMs);
  const [after, engineAfter] = [await fleet.report(), await engine.usage()];
  const { rotations } = after.ledger;
  const late = after.fleet.lateMs.toSorted((left, right) => left - right);
  const engineCpuMs =
    engineAfter.cpuMs === undefined ? undefined : engineAfter.cpuMs - (engineBefore.cpuMs ?? 0);
  return {
    rotationsPerSecond: (rotations / durationMs) * 1_000,
    runsPerRotation: (after.fleet.runs - before.fleet.runs) / rotations,
    cpuMsPerRotation: (after.fleet.cpuMs - before.fleet.cpuMs) / rotations,
    engineCpuMsPerRotation: engineCpuMs === undefined ? undefined : engineCpuMs / rotations,
    peakMiB: after.fleet.peakMiB,
    bytesPerAccount: (engineAfter.bytes - empty.bytes) / options.accounts,
    lateP99Ms: late[Math.floor(late.length * 0.99)] ?? 0,
    mostInASecond: after.ledger.mostInASecond,
  };
}

export function figuresOfScale(scale: Scale): Figures {
  const { engineCpuMsPerRotation } = scale;
  return {
    'renewals a second': Math.round(scale.rotationsPerSecond),
    'most in a second': scale.mostInASecond,
    'runs of jobs a renewal': scale.runsPerRotation.toFixed(3),
    'CPU of the workers a renewal, ms': scale.cpuMsPerRotation.toFixed(3),
    ...(engineCpuMsPerRotation !== undefined && {
      'CPU of the engine a renewal, ms': engineCpuMsPerRotation.toFixed(3),
    }),
    'most memory of a worker, MiB': Math.round(scale.peakMiB),
    'bytes of the engine an account': Math.round(scale.bytesPerAccount),
    'lateness p99, ms': Math.round(scale.lateP99Ms),
  };
}
