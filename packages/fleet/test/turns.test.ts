import { expect, test } from 'vitest';
import { Turns, turnAheadMs } from '../src/turns.js';

test('accounts that wait are served in the order in which they asked, at the rate, and newcomers after them', () => {
  const turns = new Turns(10);
  let now = 1_000_000;
  const due: { ref: string; at: number }[] = [];
  const served: { ref: string; at: number }[] = [];
  const ask = (ref: string): void => {
    const waitMs = turns.take(ref, now);
    if (waitMs < turnAheadMs) served.push({ ref, at: now + waitMs });
    else due.push({ ref, at: now + waitMs });
  };
  for (let index = 0; index < 100; index++) ask(`first ${index}`);
  for (const end = now + 20_000; now < end; now++) {
    // More come all the time than the rate allows, and runs are up to 200 ms late.
    if (now % 90 === 0) ask(`later ${now}`);
    const late = now - (now % 200);
    for (const job of due.splice(0).sort((left, right) => left.at - right.at))
      if (job.at <= late) ask(job.ref);
      else due.push(job);
  }
  served.sort((left, right) => left.at - right.at);
  expect(served.findLastIndex(({ ref }) => ref.startsWith('first'))).toBeLessThan(120);
  expect(new Set(served.map(({ ref }) => ref)).size).toBe(served.length);
  for (const [index, { at }] of served.slice(1).entries())
    expect(at - (served[index]?.at ?? 0)).toBeGreaterThanOrEqual(99);
  expect(served.length).toBeGreaterThan(195);
});

test('a turn is kept for who asks too early, and for who comes late', () => {
  const turns = new Turns(1);
  expect(turns.take('first', 10_000)).toBe(0);
  expect(turns.take('second', 10_001)).toBe(999);
  expect(turns.take('third', 10_002)).toBe(1_998);
  expect(turns.take('third', 10_500)).toBe(1_500);
  expect(turns.take('fourth', 12_400)).toBeGreaterThanOrEqual(turnAheadMs);
  expect(turns.take('third', 12_500)).toBe(0);
  expect(turns.take('anybody', 100_000)).toBe(0);
});
