import { postgresServer, redisServer } from '@internal/test-tools';
import { describe, expect, test, vi } from 'vitest';
import { type RunOptions, runFleet, type Trouble } from '../src/fleet.ts';
import { judge } from '../src/judge.ts';
import type { Planted } from '../src/messages.ts';

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

  // The judge is the same for both engines, and so is what a keeper does while the auth server is away.
  const once = { tags: [engine === 'bullmq' ? 'long' : 'longest'] };

  const isFoundOut = (planted: Planted, fault: RegExp) => async (): Promise<void> => {
    expect(await run('none', { planted, ...short })).toContainEqual(expect.stringMatching(fault));
  };
  test.runIf(installed[engine])(
    'is found out where a keeper never renews',
    once,
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
  test.runIf(installed[engine])('loses nothing: server away', once, losesNothing('server away'));
  for (const trouble of ['killed workers', 'engine restarted'] as const)
    test.runIf(installed[engine])(`loses nothing: ${trouble}`, { tags: ['long'] }, losesNothing(trouble));
  test.runIf(installed[engine] && engine === 'bullmq')(
    'loses nothing: engine emptied',
    { tags: ['long'] },
    losesNothing('engine emptied'),
  );
});
