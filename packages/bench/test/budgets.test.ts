import { fork } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sizeOf } from '../src/cases/size.ts';
import type { CaseResult, Row } from '../src/result.ts';

/** Runs a case as `pnpm bench` does. */
function runCase(name: string): Promise<CaseResult[]> {
  const { promise, resolve, reject } = Promise.withResolvers<CaseResult[]>();
  const child = fork(join(import.meta.dirname, '..', 'src', 'case-process.ts'), [name], {
    execArgv: ['--expose-gc', '--max-semi-space-size=64'],
  });
  child.once('message', (tables) => resolve(tables as CaseResult[]));
  child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  return promise;
}

const oursOf = ([table]: readonly CaseResult[]): Row[] =>
  (table?.rows ?? []).filter(({ isOurs }) => isOurs === true);

test('ten thousand callers on an expired token: one exchange, no failure, in each cycle', async () => {
  const [row] = oursOf(await runCase('stampede'));
  const [, exchanges, failures, , exchangesAgain, failuresAgain] = row?.values ?? [];
  expect([exchanges, failures, exchangesAgain, failuresAgain]).toEqual([1, 0, 1, 0]);
}, 120_000);

test('a revoked token, met at once and over a second: one exchange, no failure', async () => {
  for (const { values } of oursOf(await runCase('revoked'))) expect(values).toEqual([1, 0, 1, 0]);
}, 120_000);

test('a hundred thousand sessions: bytes each, and one timer', async () => {
  const [row] = oursOf(await runCase('sessions')) as [Row];
  const [, bytes, timers] = row.values as [number, number, number];
  expect(bytes).toBeLessThan(2_700);
  expect(timers).toBeLessThanOrEqual(1);
}, 120_000);

test('a hundred thousand schedules: bytes each', async () => {
  const [row] = oursOf(await runCase('scheduler'));
  expect(row?.values[3]).toBeLessThanOrEqual(82);
}, 120_000);

test('bundle sizes', async () => {
  const { first, all } = await sizeOf('auth.ts');
  expect(first).toBeLessThan(19_000);
  expect(all).toBeLessThan(35_000);
});
