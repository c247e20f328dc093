import { postgresServer, redisServer } from '@internal/test-tools';
import { describe, expect, test, vi } from 'vitest';
import { judge } from '../src/judge.ts';
import type { Planted } from '../src/messages.ts';
import { type RunOptions, runFleet, type Trouble } from '../src/run-fleet.ts';

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

  const isFoundOut = (planted: Planted, fault: RegExp) => async (): Promise<void> => {
    expect(await run('none', { planted, ...short })).toContainEqual(expect.stringMatching(fault));
  };
  test.runIf(installed[engine])(
    'is found out where a keeper never renews',
    { tags: ['longest'] },
    isFoundOut('never renews', /accounts were without a living token/),
  );
  test.runIf(installed[engine])(
    'is found out where a keeper renews twice',
    { tags: ['longest'] },
    isFoundOut('renews twice', /renewals in the first half of a life/),
  );

  const losesNothing = (trouble: Trouble) => async (): Promise<void> => {
    expect(await run(trouble, short)).toEqual([]);
  };
  // The keeper is the same on both engines: each trouble is made on one of them often, and on the other in the long runs.
  const troubles = {
    'server away': 'bullmq',
    'killed workers': 'bullmq',
    'engine restarted': 'pg-boss',
  } as const;
  for (const trouble of ['server away', 'killed workers', 'engine restarted'] as const) {
    const often = { tags: [troubles[trouble] === engine ? 'long' : 'longest'] };
    test.runIf(installed[engine])(`loses nothing: ${trouble}`, often, losesNothing(trouble));
  }
  test.runIf(installed[engine] && engine === 'bullmq')(
    'loses nothing: engine emptied',
    { tags: ['long'] },
    losesNothing('engine emptied'),
  );
});
