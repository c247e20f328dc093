import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ChangeListeners } from '../src/index.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a feed that is never confirmed is given up, and another one is opened', async () => {
  const errors: unknown[] = [];
  let opened = 0;
  let closed = 0;
  const listeners = new ChangeListeners(
    () => ({
      subscribe: () => (++opened === 1 ? new Promise(() => {}) : Promise.resolve()),
      close: () => void closed++,
    }),
    (error) => errors.push(error),
  );
  const news: (string | undefined)[] = [];
  listeners.subscribe('name', (each) => news.push(each));
  await vi.advanceTimersByTimeAsync(29_000);
  expect([opened, closed, news]).toEqual([1, 0, []]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect([opened, closed, news]).toEqual([2, 1, ['missed']]);
  expect(errors).toHaveLength(1);
  listeners.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('a feed that was replaced is not heard any more', async () => {
  const feeds: { onChange(name: string): void; onEnd(): void }[] = [];
  const listeners = new ChangeListeners(
    (handlers) => {
      feeds.push(handlers);
      return { subscribe: () => Promise.resolve(), close: () => {} };
    },
    () => {},
  );
  const news: (string | undefined)[] = [];
  listeners.subscribe('name', (each) => news.push(each));
  await vi.advanceTimersByTimeAsync(1);
  feeds[0]?.onEnd();
  await vi.advanceTimersByTimeAsync(200);
  for (const feed of feeds) feed.onChange('name');
  expect(news).toEqual(['missed', 'missed', undefined]);
  listeners.close();
});

test('closed before its subscription is confirmed, it leaves no timer behind', async () => {
  const listeners = new ChangeListeners(
    () => ({ subscribe: () => new Promise(() => {}), close: () => {} }),
    () => {},
  );
  listeners.subscribe('name', () => {});
  listeners.close();
  expect(vi.getTimerCount()).toBe(0);
});
