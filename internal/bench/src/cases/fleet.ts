/**
 * Worker processes on a real Redis or PostgreSQL with an auth server in a process of its own, whose ledger counts. It takes
 * about forty minutes: most of it is waiting for tokens to become due.
 */
import { type AppStart, measureAppStarts } from '@internal/fleet-runs/app-starts';
import { measureRate } from '@internal/fleet-runs/rate';
import { measureReconnect } from '@internal/fleet-runs/reconnect';
import { measureScale, type Scale, type ScaleOptions } from '@internal/fleet-runs/scale';
import { measureWorkerStart } from '@internal/fleet-runs/worker-starts';
import { atLeast, atMost, type CaseResult, type Row, round } from '../result.ts';

const workers = 8;
const minute = 60_000;
const onBullmq = 'BullMQ';
const onPgBoss = 'pg-boss, 3,000,000 completed jobs';
const byHandOnRedis = 'by hand on Redis';
const byHandOnPostgres = 'by hand on PostgreSQL';

export async function run(): Promise<CaseResult[]> {
  return [
    await atFullLoad(),
    await byNumberOfAccounts(),
    await ofAHundredThousand(),
    await lateness(),
    await rates(),
    await programStarts(),
    await redisRestarted(),
  ];
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
      'Eight keepers of @auth/fleet, the engine and a cheap auth server share this machine; refresh tokens are good for one use, and lives so short that there is always something due. Counted over 90 seconds by the auth server, each account renewed ten times and more. By hand: [maintain() in twenty lines](../internal/fleet-runs/src/programs/by-hand.ts), without a queue, on the same store.',
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
  const perIssuer = 320;
  const measure = (accounts: number): Promise<Scale> =>
    // A renewal comes after four fifths of a life: both make nearly as many renewals as the rate allows.
    scaleOf({
      engine: 'bullmq',
      workers,
      accounts,
      lifeMs: 4 * accounts,
      perIssuer,
      measuredMs: minute,
    });
  const few = await measure(1_000);
  const many = await measure(100_000);
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
      'Eight workers on BullMQ, with lives that make about the same number of renewals a second, below what they can.',
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

async function ofAHundredThousand(): Promise<CaseResult> {
  const accounts = 100_000;
  const options = { engine: 'bullmq', workers, accounts, lifeMs: 100_000, measuredMs: minute } as const;
  const scale = await scaleOf({ ...options, heapMiB: 36 });
  const start = await measureWorkerStart(workers, accounts);
  const peakMB = (scale.peakMiB * 2 ** 20) / 1e6;
  return {
    title: 'A hundred thousand accounts',
    headline: `A worker of a hundred thousand accounts takes ${round(peakMB, 0)} MB at most, with a limit for V8's heap.`,
    about: [
      'Eight workers on BullMQ with `--max-old-space-size=36 --max-semi-space-size=2`, first logins, sweep and full load included. Then eight workers start on accounts that are enrolled: how many sweeps they make, and how many jobs are due at another time afterwards.',
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
  const scale = await scaleOf({
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

async function rates(): Promise<CaseResult> {
  const rate = await measureRate(workers, 50);
  return {
    title: 'A rate that workers share',
    about: [
      'Eight workers on BullMQ with `perIssuer: 50`. All accounts log in at once; then half of the rate would do for their renewals, and for two lives of a minute the ledger looks for accounts without a living token; then the auth server goes away for 20 seconds. Token calls in the busiest second of the clock.',
    ],
    columns: ['logins a second', 'busiest second', 'accounts that lapsed', 'busiest second, server away'],
    rows: [
      {
        name: 'perIssuer: 50',
        isOurs: true,
        values: [round(rate.perSecond, 0), rate.mostInASecond, rate.lapsed, rate.mostInASecondAway],
      },
    ],
    targets: [
      atMost('a cap of 50 a second, eight workers: the busiest second', rate.mostInASecond, 55, '', 0),
      atMost('… accounts without a living token, half of the rate needed', rate.lapsed, 0, '', 0),
      atMost('… the busiest second while the server is away', rate.mostInASecondAway, 2, ' calls', 0),
    ],
  };
}

async function programStarts(): Promise<CaseResult> {
  const { cold, stored } = await measureAppStarts(8, 10_000);
  const row = (name: string, start: AppStart): Row => ({
    name,
    isOurs: true,
    values: [round(start.tookMs / 1_000, 1), round(start.commandsPerAccount, 1), start.logins, start.failed],
  });
  return {
    title: 'Programs that start with ten thousand accounts',
    about: [
      'Eight programs on one Redis open a session for each of 10,000 accounts, 64 at a time in an order of their own, and ask each for a token: first where nobody has logged in, then where every token is stored. Commands that they send to Redis, of all programs together.',
    ],
    columns: ['seconds', 'commands an account', 'logins', 'failures'],
    rows: [row('nobody has logged in', cold), row('every token is stored', stored)],
    targets: [
      atMost('start of eight programs on 10,000 accounts, cold', cold.tookMs / 1_000, 10, ' s', 1),
      atMost('… with stored tokens', stored.tookMs / 1_000, 3, ' s', 1),
      atMost('… commands an account, cold', cold.commandsPerAccount, 12, '', 1),
      atMost('… with stored tokens', stored.commandsPerAccount, 4, '', 1),
    ],
  };
}

async function redisRestarted(): Promise<CaseResult> {
  const { sessions, firstRenewalMs, asBeforeMs, logins } = await measureReconnect(8, 40_000);
  return {
    title: 'Redis restarted under many sessions',
    about: [
      `Eight programs with ${thousands(sessions)} open sessions renew their tokens. Redis is killed, and started again with its data after two seconds: the time from then to the first renewal, and until there are as many a second as before.`,
    ],
    columns: ['sessions', 'ms to the first renewal', 'ms to the rate before', 'logins'],
    rows: [
      {
        name: '@auth/store-redis',
        isOurs: true,
        values: [sessions, round(firstRenewalMs, 0), round(asBeforeMs, 0), logins],
      },
    ],
    targets: [
      atMost('Redis restarted under 320,000 sessions, to the rate before', asBeforeMs / 1_000, 5, ' s', 1),
    ],
  };
}

function scaleOf(options: Omit<ScaleOptions, 'workedBy'> & Partial<ScaleOptions>): Promise<Scale> {
  return measureScale({ workedBy: 'keeper', ...options });
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en');
}
