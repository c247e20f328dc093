import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ourUndici, revoke } from '../src/cases/revoked.ts';
import { ours } from '../src/ours.ts';
import { figuresOf } from '../src/run-case.ts';
import { BenchServer } from '../src/server.ts';

test('ten thousand callers on an expired token cost one exchange and no failure in each cycle', async () => {
  const cycles = await figuresOf<typeof import('../src/cases/stampede.ts')>('stampede');
  expect(cycles).toHaveLength(2);
  for (const cycle of cycles) expect(cycle).toMatchObject({ exchanges: 1, failures: 0 });
});

test.each([ours, ourUndici])(
  'a token revoked under calls at once and over a second costs one exchange with $name',
  async (peer) => {
    using server = await BenchServer.start();
    for (const spreadMs of [0, 1_000]) {
      expect(await revoke(peer, server, spreadMs)).toEqual({ exchanges: 1, failures: 0 });
    }
  },
);

test('a hundred thousand sessions stay within their bytes each, and use one timer', async () => {
  const { bytes, timers } = await figuresOf<typeof import('../src/cases/sessions.ts')>('sessions');
  expect(bytes).toBeLessThan(1_050);
  expect(timers).toBeLessThanOrEqual(1);
});

test('a hundred thousand schedules stay within their bytes each', async () => {
  const bytes = await figuresOf<typeof import('../src/cases/scheduler.ts')>('scheduler');
  expect(bytes).toBeLessThanOrEqual(82);
});

test('what is written by hand for comparison is short enough to be read', () => {
  const byHand = join(import.meta.dirname, '..', 'src', 'by-hand');
  for (const file of readdirSync(byHand)) {
    expect(readFileSync(join(byHand, file), 'utf8').split('\n').length, file).toBeLessThanOrEqual(61);
  }
});
