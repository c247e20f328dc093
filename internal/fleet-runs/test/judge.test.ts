import { expect, test } from 'vitest';
import { judge } from '../src/judge.ts';
import type { LedgerReport } from '../src/ledger.ts';
import { nothing } from '../src/report.ts';
import { type RunOptions, troubles } from '../src/run-fleet.ts';

test.each(troubles)('keepers that never come back are found out: %s', (trouble) => {
  const options: RunOptions = {
    engine: 'bullmq',
    trouble,
    workers: 2,
    accounts: 2_000,
    lifeMs: 60_000,
    durationMs: 300_000,
  };
  // Programs renew the half that they use, and the other half has no token from a quarter of the time on.
  const withoutMs = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, index) => [`account-${1_000 + index}`, 165_000]),
  );
  const ledger: Partial<LedgerReport> = {
    rotations: 6_250,
    withoutMs,
    loggedIn: [],
    unknown: 0,
    reuse: 0,
    logins: 0,
  };
  const faults = judge(options, {
    ledger: { unheard: 0, early: 0, ...ledger } as LedgerReport,
    fleet: nothing,
  });
  expect(faults).toContain('an account had no living token for 165000 ms');
});
