import { postgresServer, redisServer } from '@internal/test-tools';
import { describe, expect, test, vi } from 'vitest';
import { type RunOptions, runFleet, type Trouble } from '../src/fleet.ts';
import { judge } from '../src/judge.ts';

vi.setConfig({ testTimeout: 150_000, maxConcurrency: 2 });

const installed = { bullmq: redisServer().path, 'pg-boss': postgresServer().path };
/** Beside the tests of other packages two cores are busy: a renewal that comes seconds late is still in time. */
const small = { workers: 2, accounts: 40, lifeMs: 12_000, durationMs: 15_000, busyMs: 3_000 };
const short = { lifeMs: 12_000, durationMs: 24_000 };

describe.concurrent.each(['bullmq', 'pg-boss'] as const)('a fleet on %s', (engine) => {
  const run = async (trouble: Trouble, how: Partial<RunOptions> = {}): Promise<string[]> => {
    const options = { ...small, engine, trouble, ...how };
    return judge(options, await runFleet(options));
  };

  test.runIf(installed[engine])('keeps every account alive by one exchange a life', async () => {
    expect(await run('none')).toEqual([]);
  });

  // The judge is the same for both engines.
  const found = { tags: [engine === 'bullmq' ? 'long' : 'longest'] };
  test.runIf(installed[engine]).for([
    ['never renews', /accounts were without a living token/],
    ['renews twice', /renewals in the first half of a life/],
  ] as const)('is found out where a keeper %s', found, async ([planted, fault]) => {
    expect(await run('none', { planted, ...short })).toContainEqual(expect.stringMatching(fault));
  });

  const emptied = engine === 'bullmq' ? (['engine emptied'] as const) : [];
  test
    .runIf(installed[engine])
    .for(['killed workers', 'server away', 'engine restarted', ...emptied] as const)(
    'loses nothing: %s',
    { tags: ['long'] },
    async (trouble) => {
      expect(await run(trouble, short)).toEqual([]);
    },
  );
});
