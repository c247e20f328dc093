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

test('after a pause of all workers those whose turns have passed are served first, at the rate', () => {
  const turns = new Turns(20);
  const start = 1_000_000;
  const given: { ref: string; at: number }[] = [];
  for (let index = 0; index < 1_000; index++) {
    const waitMs = turns.take(`account ${index}`, start);
    if (waitMs >= turnAheadMs) given.push({ ref: `account ${index}`, at: start + waitMs });
  }
  const sent: { ref: string; at: number }[] = [];
  const due = [...given];
  for (let now = start + 11_000; now < start + 60_000; now += 10) {
    for (const job of due.splice(0)) {
      if (job.at > now) due.push(job);
      else {
        const waitMs = turns.take(job.ref, now);
        if (waitMs < turnAheadMs) sent.push({ ref: job.ref, at: now + waitMs });
        else due.push({ ref: job.ref, at: now + waitMs });
      }
    }
  }
  sent.sort((left, right) => left.at - right.at);
  const places = new Map(given.map(({ ref }, place) => [ref, place]));
  for (const [place, { ref }] of sent.entries())
    expect(Math.abs(place - (places.get(ref) ?? 0))).toBeLessThan(40);
  expect(sent.length).toBeGreaterThan(0.95 * 49 * 20);
  for (const [index, { at }] of sent.slice(20).entries())
    expect(at - (sent[index]?.at ?? 0)).toBeGreaterThan(900);
});

test('a newcomer does not get the turn that comes next, where it is an account’s', () => {
  const turns = new Turns(0.5);
  expect(turns.take('first', 10_000)).toBe(0);
  expect(turns.take('second', 10_001)).toBe(1_999);
  expect(turns.take('newcomer', 11_500)).toBeGreaterThan(2_000);
  expect(turns.take('second', 12_000)).toBe(0);
});
