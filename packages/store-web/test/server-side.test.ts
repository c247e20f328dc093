import type { AuthEvent } from '@auth/core';
import { afterEach, expect, test, vi } from 'vitest';
import { webStore } from '../src/index.js';

afterEach(() => vi.unstubAllGlobals());

test('created on a server it touches nothing, and works in memory', async () => {
  const touched: string[] = [];
  for (const name of ['indexedDB', 'localStorage', 'BroadcastChannel', 'navigator']) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get: () => void touched.push(name),
    });
  }
  vi.resetModules();
  const { webStore: fresh } = await import('../src/index.js');
  const events: AuthEvent[] = [];
  const store = fresh({ onEvent: (event) => events.push(event) });
  expect(touched).toEqual([]);
  expect(await store.compareAndSet('key', undefined, { id: 'a', value: 'v' })).toBe(true);
  expect(await store.get('key')).toEqual({ id: 'a', value: 'v' });
  const lease = await store.lock('key', { signal: new AbortController().signal });
  expect(lease.held()).toBe(true);
  await lease.release();
  expect(events).toMatchObject([
    { type: 'store_degraded', keptIn: 'memory', reason: 'NotSupportedError', key: 'key' },
  ]);
  await store[Symbol.asyncDispose]();
});

test('wrong options are named', () => {
  expect(() => webStore({ name: '' })).toThrow('name: expected a string');
});
