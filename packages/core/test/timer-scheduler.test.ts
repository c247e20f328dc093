import { describe, expect, test, vi } from 'vitest';
import { timerScheduler } from '../src/index.js';
import { sharedScheduler } from '../src/scheduler/shared-scheduler.js';
import { minute } from './support/durations.js';
import { ManualClock } from './support/manual-clock.js';

function setUp() {
  const clock = new ManualClock();
  const scheduler = timerScheduler({ clock });
  const ran: string[] = [];
  const at = (key: string, inMs: number) =>
    scheduler.schedule({ key, at: clock.now() + inMs, run: () => void ran.push(key) });
  return { clock, scheduler, ran, at };
}

describe('timerScheduler', () => {
  test('tasks run in the order of their instants, on one timer', async () => {
    const { clock, ran, at } = setUp();
    for (const inMs of [5, 1, 4, 2, 3, 9, 7, 8, 6, 10]) at(`${inMs}`, inMs * minute);
    expect(clock.timers).toBe(1);
    await clock.advance(5 * minute);
    expect(ran).toEqual(['1', '2', '3', '4', '5']);
    await clock.advance(5 * minute);
    expect(ran).toHaveLength(10);
    expect(clock.timers).toBe(0);
  });

  test('scheduling a key again replaces its task, whether the new one is sooner or later', async () => {
    const { clock, ran, at } = setUp();
    at('other', 3 * minute);
    const cancelOld = at('key', 5 * minute);
    at('key', minute);
    cancelOld();
    await clock.advance(minute);
    expect(ran).toEqual(['key']);
    at('key', minute);
    at('key', 4 * minute);
    await clock.advance(2 * minute);
    expect(ran).toEqual(['key', 'other']);
    await clock.advance(2 * minute);
    expect(ran).toEqual(['key', 'other', 'key']);
  });

  test('a cancelled task does not run, and cancelling the last task clears the timer', async () => {
    const { clock, ran, at } = setUp();
    const cancels = [7, 3, 5, 1, 4, 6, 2].map((inMs) => at(`${inMs}`, inMs * minute));
    for (const index of [0, 3, 3, 4]) cancels[index]?.();
    await clock.advance(10 * minute);
    expect(ran).toEqual(['2', '3', '5', '6']);
    at('last', minute)();
    expect(clock.timers).toBe(0);
  });

  test('thousands of tasks that are set, replaced and cancelled at random run in order', async () => {
    const clock = new ManualClock();
    const scheduler = timerScheduler({ clock });
    const expected = new Map<string, number>();
    const cancels: { readonly key: string; readonly at: number; readonly cancel: () => void }[] = [];
    const ran: { readonly key: string; readonly at: number }[] = [];
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let step = 0; step < 20_000; step++) {
      if (step % 3 === 2) {
        const { key, at, cancel } = cancels[random(cancels.length)] as (typeof cancels)[number];
        cancel();
        if (expected.get(key) === at) expected.delete(key);
        continue;
      }
      const key = `key-${random(3_000)}`;
      // No instant occurs twice: it tells below whether a cancel was for the current task of its key.
      const at = clock.now() + 1_000 + random(5_000) * 20_000 + step;
      cancels.push({
        key,
        at,
        cancel: scheduler.schedule({ key, at, run: () => void ran.push({ key, at }) }),
      });
      expected.set(key, at);
    }
    expect(clock.timers).toBe(1);
    await clock.advance(110_000_000);
    const inOrder = [...expected].sort(([, left], [, right]) => left - right);
    expect(ran.map(({ key, at }) => [key, at])).toEqual(inOrder);
    expect(inOrder.length).toBeGreaterThan(1_000);
    expect(clock.timers).toBe(0);
    for (const { cancel } of cancels) cancel();
  });

  test('a task that throws or rejects keeps no other task from running', async () => {
    const { clock, scheduler, ran, at } = setUp();
    const soon = clock.now() + minute;
    scheduler.schedule({
      key: 'throws',
      at: soon,
      run: () => {
        throw new Error('task');
      },
    });
    scheduler.schedule({ key: 'rejects', at: soon, run: () => Promise.reject(new Error('task')) });
    at('fine', 2 * minute);
    await clock.advance(2 * minute);
    expect(ran).toEqual(['fine']);
  });

  test('a task thirty days ahead does not overflow the timer', { tags: ['fault-83'] }, async () => {
    const { clock, ran, at } = setUp();
    at('key', 30 * 24 * 60 * minute);
    await clock.advance(60 * minute);
    expect(ran).toEqual([]);
  });

  test('a task at infinity or NaN starts no timer', () => {
    const { clock, at } = setUp();
    at('key', Number.POSITIVE_INFINITY)();
    at('key', Number.NaN)();
    expect(clock.timers).toBe(0);
  });

  test('the real timer does not keep the process alive', () => {
    const unref = vi.fn();
    const real = globalThis.setTimeout;
    vi.stubGlobal('setTimeout', (callback: () => void, delayMs: number) => {
      const handle = real(callback, delayMs);
      return Object.assign(handle, { unref: () => unref() });
    });
    timerScheduler().schedule({ key: 'key', at: Date.now() + minute, run: () => {} })();
    vi.unstubAllGlobals();
    expect(unref).toHaveBeenCalledOnce();
  });
});

describe('timerScheduler when the wall clock changes', () => {
  test('no step is longer than a minute, so that sleep is noticed within a minute', async () => {
    const { clock, ran, at } = setUp();
    at('key', 5 * 60 * minute);
    clock.jump(5 * 60 * minute);
    await clock.advance(minute);
    expect(ran).toEqual(['key']);
  });

  test('after a jump ahead tasks run in the order of the wall clock', async () => {
    const { clock, ran, at } = setUp();
    at('late', 90 * minute);
    clock.jump(60 * minute);
    at('later', 40 * minute);
    await clock.advance(30 * minute);
    expect(ran).toEqual(['late']);
    await clock.advance(10 * minute);
    expect(ran).toEqual(['late', 'later']);
  });

  test('a wall clock set back delays no task', async () => {
    const { clock, ran, at } = setUp();
    at('key', 10 * minute);
    clock.jump(-60 * minute);
    await clock.advance(10 * minute);
    expect(ran).toEqual(['key']);
  });
});

describe('sharedScheduler', () => {
  test('sessions on the same clock share one scheduler', () => {
    const clock = new ManualClock();
    expect(sharedScheduler(clock)).toBe(sharedScheduler(clock));
    expect(sharedScheduler(clock)).not.toBe(sharedScheduler(new ManualClock()));
  });
});
