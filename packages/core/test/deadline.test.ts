import { expect, test } from 'vitest';
import { systemClock } from '../src/clock.js';
import { withDeadline } from '../src/deadline.js';

const late = (): Error => new Error('late');

/** An answer that takes no time but a few turns of the event loop, while the process is kept from running. */
async function answerAround(blockMs: number): Promise<string> {
  await new Promise((resolve) => setImmediate(resolve));
  const until = performance.now() + blockMs;
  while (performance.now() < until);
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return 'answer';
}

test('a deadline does not run out while the process cannot run', {
  tags: ['fault-110'],
}, async () => {
  expect(await withDeadline(systemClock, 250, late, answerAround(400))).toBe('answer');
});

test('a deadline is no shorter than its limit', async () => {
  const startedAt = performance.now();
  await expect(withDeadline(systemClock, 100, late, new Promise(() => {}))).rejects.toThrow('late');
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(95);
});
