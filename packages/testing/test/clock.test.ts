import { expect, test } from 'vitest';
import { manualClock, manualScheduler } from '../src/clock/index.js';

test('time passes when the test says so, timer by timer', async () => {
  const clock = manualClock(1_000);
  const ran: string[] = [];
  clock.setTimeout(() => {
    ran.push(`first at ${clock.now()}`);
    clock.setTimeout(() => ran.push(`nested at ${clock.now()}`), 5);
  }, 10);
  const cancelled = clock.setTimeout(() => ran.push('never'), 12);
  clock.clearTimeout(cancelled);
  clock.setTimeout(() => ran.push(`later at ${clock.now()}`), 100);
  await clock.advance(20);
  expect(ran).toEqual(['first at 1010', 'nested at 1015']);
  expect([clock.now(), clock.monotonic(), clock.timers]).toEqual([1_020, 20, 1]);
});

test('a jump moves the wall clock and no timer', async () => {
  const clock = manualClock();
  let ran = false;
  clock.setTimeout(() => {
    ran = true;
  }, 10);
  clock.jump(1_000);
  await clock.advance(9);
  expect(ran).toBe(false);
  await clock.advance(1);
  expect(ran).toBe(true);
});

test('run advances until the work settles, and says so where no timer could settle it', async () => {
  const clock = manualClock();
  const work = new Promise<string>((resolve) => clock.setTimeout(() => resolve('done'), 60_000));
  expect(await clock.run(work)).toBe('done');
  expect(clock.monotonic()).toBe(60_000);
  await expect(clock.run(Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  await expect(clock.run(new Promise(() => {}))).rejects.toThrow('no timer of this clock');
});

test('a manual scheduler shows its tasks and runs those that are due', async () => {
  const scheduler = manualScheduler();
  const ran: string[] = [];
  const task = (key: string, at: number) => ({ key, at, run: () => void ran.push(`${key} ${at}`) });
  scheduler.schedule(task('b', 20));
  const replaced = scheduler.schedule(task('a', 5));
  scheduler.schedule(task('a', 10));
  replaced();
  const cancel = scheduler.schedule(task('c', 1));
  cancel();
  expect(scheduler.tasks.map(({ key }) => key)).toEqual(['a', 'b']);
  await scheduler.runDue(10);
  expect(ran).toEqual(['a 10']);
  expect(scheduler.tasks).toHaveLength(1);
});
