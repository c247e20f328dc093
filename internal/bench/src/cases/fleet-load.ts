/** What a renewal costs eight workers on a real Redis or PostgreSQL, by the ledger of an auth server. Twenty minutes. */
import { measureScale, type Scale, type ScaleOptions } from '@internal/fleet-runs/scale';
import { atLeast, atMost, type CaseResult, type Row, round } from '../result.ts';

const workers = 8;
const minute = 60_000;
const onBullmq = 'BullMQ';
const onPgBoss = 'pg-boss, 3,000,000 completed jobs';
const byHandOnRedis = 'by hand on Redis';
const byHandOnPostgres = 'by hand on PostgreSQL';

export async function run(): Promise<CaseResult[]> {
  return [await atFullLoad(), await byNumberOfAccounts()];
}

async function atFullLoad(): Promise<CaseResult> {
  const full = { workers, measuredMs: 1.5 * minute, accounts: 12_000, lifeMs: 10_000 } as const;
  const byHand = { ...full, workedBy: 'hand' } as const;
  const ofPgBoss = { engine: 'pg-boss', accounts: 6_000 } as const;
  const measured = {
    [onBullmq]: await scaleOf({ ...full, engine: 'bullmq' }),
    [byHandOnRedis]: await scaleOf({ ...byHand, engine: 'bullmq' }),
    [onPgBoss]: await scaleOf({ ...full, ...ofPgBoss, completedJobs: 3_000_000 }),
    [byHandOnPostgres]: await scaleOf({ ...byHand, ...ofPgBoss }),
  };
  const { [onBullmq]: bullmq, [onPgBoss]: pgBoss } = measured;
  const cpuRatio = bullmq.cpuMsPerRotation / measured[byHandOnRedis].cpuMsPerRotation;
  return {
    title: 'A fleet with more to renew than it can',
    headline: `Eight workers, Redis and the auth server on two cores renew ${thousands(bullmq.rotationsPerSecond)} accounts a second through BullMQ, and ${thousands(pgBoss.rotationsPerSecond)} through pg-boss.`,
    about: [
      'Eight keepers of @auth/fleet, the engine and a cheap auth server share this machine; refresh tokens are good for one use, and lives so short that there is always something due. Counted over 90 seconds by the auth server, each account renewed ten times and more. By hand: [maintain() in twenty lines](../internal/fleet-runs/src/programs/by-hand.ts), without a queue, on the same store. What the engine keeps is divided by the accounts, the completed jobs included.',
    ],
    columns: ['renewals a second', 'runs a renewal', 'CPU ms', "CPU ms of Redis'", 'bytes kept an account'],
    rows: Object.entries(measured).map(([name, scale]) => ({
      name,
      isOurs: name === onBullmq || name === onPgBoss,
      values: [
        Math.round(scale.rotationsPerSecond),
        round(scale.runsPerRotation),
        round(scale.cpuMsPerRotation),
        scale.engineCpuMsPerRotation === undefined ? '' : round(scale.engineCpuMsPerRotation),
        Math.round(scale.bytesPerAccount),
      ],
    })),
    targets: [
      atLeast('fleet on BullMQ, renewals a second', bullmq.rotationsPerSecond, 1_000, '', 0),
      atLeast('fleet on pg-boss, renewals a second', pgBoss.rotationsPerSecond, 400, '', 0),
      atMost("a worker's CPU a renewal, BullMQ against maintain() by hand", cpuRatio, 1.3, '×'),
      atMost('runs of jobs a renewal, BullMQ', bullmq.runsPerRotation, 1.05, ''),
      atMost('Redis, record and job, after ten renewals', bullmq.bytesPerAccount, 3_500, ' B', 0),
    ],
  };
}

async function byNumberOfAccounts(): Promise<CaseResult> {
  const measure = (accounts: number): Promise<Scale> =>
    // A renewal comes after four fifths of a life: 156 a second, and as many logins before.
    scaleOf({
      engine: 'bullmq',
      workers,
      accounts,
      lifeMs: 8 * accounts,
      sweepSpreadMs: 6.4 * accounts,
      warmUpMs: 11 * minute,
      measuredMs: minute,
    });
  const [few, many] = await Promise.all([measure(1_000), measure(100_000)]);
  const ratio = many.cpuMsPerRotation / few.cpuMsPerRotation;
  const row = (name: string, scale: Scale): Row => ({
    name,
    isOurs: true,
    values: [
      Math.round(scale.rotationsPerSecond),
      round(scale.cpuMsPerRotation),
      round(scale.engineCpuMsPerRotation ?? 0),
    ],
  });
  return {
    title: 'A renewal by the number of accounts',
    about: [
      'Two fleets of eight workers on BullMQ, each with a Redis of its own, side by side on this machine. Their lives make the same number of renewals a second, below what they can. Measured in the same minute, when both have worked for eleven.',
    ],
    columns: ['renewals a second', 'CPU ms of the workers', 'CPU ms of Redis'],
    rows: [row('1,000 accounts', few), row('100,000 accounts', many)],
    targets: [
      {
        name: "a worker's CPU a renewal, of 100,000 accounts against 1,000",
        target: '0.9× to 1.1×',
        measured: `${round(ratio)}×`,
        holds: ratio >= 0.9 && ratio <= 1.1,
      },
    ],
  };
}

function scaleOf(options: Omit<ScaleOptions, 'workedBy'> & Partial<ScaleOptions>): Promise<Scale> {
  return measureScale({ workedBy: 'keeper', ...options });
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en');
}
