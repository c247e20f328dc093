import { expect, test } from 'vitest';
import { ourUndici, revoke } from '../src/cases/revoked.ts';
import { ours } from '../src/ours.ts';
import type { CaseResult, Row } from '../src/result.ts';
import { runCase } from '../src/run-case.ts';
import { BenchServer } from '../src/server.ts';

const oursOf = ([table]: readonly CaseResult[]): Row[] =>
  (table?.rows ?? []).filter(({ isOurs }) => isOurs === true);

test('ten thousand callers on an expired token: one exchange, no failure, in each cycle', async () => {
  const [row] = oursOf(await runCase('stampede'));
  const [, exchanges, failures, , exchangesAgain, failuresAgain] = row?.values ?? [];
  expect([exchanges, failures, exchangesAgain, failuresAgain]).toEqual([1, 0, 1, 0]);
}, 120_000);

test.each([ours, ourUndici])(
  'a revoked token, met at once and over a second, with $name: one exchange',
  async (peer) => {
    using server = await BenchServer.start();
    for (const spreadMs of [0, 1_000]) {
      expect(await revoke(peer, server, spreadMs)).toEqual({ exchanges: 1, failures: 0 });
    }
  },
  60_000,
);

test('a hundred thousand sessions: bytes each, and one timer', async () => {
  const [row] = oursOf(await runCase('sessions')) as [Row];
  const [, bytes, timers] = row.values as [number, number, number];
  expect(bytes).toBeLessThan(2_250);
  expect(timers).toBeLessThanOrEqual(1);
}, 120_000);

test('a hundred thousand schedules: bytes each', async () => {
  const [row] = oursOf(await runCase('scheduler'));
  expect(row?.values[3]).toBeLessThanOrEqual(82);
}, 120_000);
