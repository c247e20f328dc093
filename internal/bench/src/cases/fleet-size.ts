/** A hundred thousand accounts, and how late renewals are. A quarter of an hour, most of it for tokens to become due. */
import { measureScale } from '@internal/fleet-runs/scale';
import { measureWorkerStart } from '@internal/fleet-runs/worker-starts';
import { atMost, type CaseResult, round } from '../result.ts';

const workers = 8;
const minute = 60_000;

export async function run(): Promise<CaseResult[]> {
  return [await ofAHundredThousand(), await lateness()];
}

async function ofAHundredThousand(): Promise<CaseResult> {
  const accounts = 100_000;
  const options = {
    engine: 'bullmq',
    workers,
    accounts,
    lifeMs: 100_000,
    measuredMs: minute,
    workedBy: 'keeper',
  } as const;
  const scale = await measureScale({ ...options, heapMiB: 40 });
  const start = await measureWorkerStart(workers, accounts);
  const peakMB = (scale.peakMiB * 2 ** 20) / 1e6;
  return {
    title: 'A hundred thousand accounts',
    headline: `A worker of a hundred thousand accounts takes ${round(peakMB, 0)} MB at most, with a limit for V8's heap.`,
    about: [
      'Eight workers on BullMQ with `--max-old-space-size=40 --max-semi-space-size=1`, first logins, sweep and full load included. Then eight workers start on accounts that are enrolled: how many sweeps they make, and how many jobs are due at another time afterwards.',
    ],
    columns: ['most memory of a worker, MB', 'renewals a second', 'sweeps', 'seconds to sweep', 'jobs moved'],
    rows: [
      {
        name: 'eight workers',
        isOurs: true,
        values: [
          round(peakMB, 0),
          Math.round(scale.rotationsPerSecond),
          start.sweeps,
          round(start.tookMs / 1_000, 1),
          start.movedJobs,
        ],
      },
    ],
    targets: [
      atMost("a worker's peak memory, 100,000 enrolled, sweep and full load included", peakMB, 150, ' MB', 0),
      {
        name: 'eight workers start on 100,000 enrolled',
        target: '1 sweep, 0 jobs moved',
        measured: `${start.sweeps}, ${start.movedJobs}`,
        holds: start.sweeps === 1 && start.movedJobs === 0,
      },
    ],
  };
}

async function lateness(): Promise<CaseResult> {
  const lifeMs = 6 * minute;
  const scale = await measureScale({
    workedBy: 'keeper',
    engine: 'bullmq',
    workers,
    accounts: 10_000,
    lifeMs,
    measuredMs: lifeMs,
  });
  const share = (scale.lateP99Ms / lifeMs) * 100;
  return {
    title: 'How late renewals are',
    about: [
      'From the instant that a run asked for to the next run, over 10,000 accounts with lives of six minutes: as many renewals a second as a hundred thousand have with lives of an hour.',
    ],
    columns: ['renewals a second', 'p99, ms', 'p99, % of the life'],
    rows: [
      {
        name: 'BullMQ',
        isOurs: true,
        values: [round(scale.rotationsPerSecond, 0), round(scale.lateP99Ms, 0), round(share)],
      },
    ],
    targets: [atMost('lateness p99, of the life', share, 2, ' %')],
  };
}
