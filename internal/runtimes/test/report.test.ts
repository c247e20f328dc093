import { expect, test, vi } from 'vitest';
import { runGroup } from '../src/suite/report.ts';

test('a check that fails is counted and named, and the next one runs', async () => {
  const report = await runGroup((check) => {
    check('holds', async () => {});
    check('fails', () => Promise.reject(new Error('the reason')));
    check('holds too', async () => {});
  });
  expect(report).toEqual({ count: 3, failures: ['fails: Error: the reason'] });
});

test('a check that never ends fails', async () => {
  vi.useFakeTimers();
  try {
    const running = runGroup((check) => check('hangs', () => new Promise(() => {})));
    await vi.advanceTimersByTimeAsync(20_000);
    expect((await running).failures).toEqual(['hangs: Error: not done after 20000 ms']);
  } finally {
    vi.useRealTimers();
  }
});
