import type { AuthEvent } from '@auth/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { webStore } from '../src/index.js';

/** Replaces a global by a getter for the rest of the test. Other test files run in the same process later. */
function watchGlobal(name: string, get: () => void): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { configurable: true, get });
  onTestFinished(() => {
    Reflect.deleteProperty(globalThis, name);
    if (before !== undefined) Object.defineProperty(globalThis, name, before);
  });
}

test('a store created on a server touches no browser API, and works in memory', async () => {
  const touched: string[] = [];
  for (const name of ['indexedDB', 'localStorage', 'BroadcastChannel', 'navigator']) {
    watchGlobal(name, () => void touched.push(name));
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

test('a wrong option is named in the error', () => {
  expect(() => webStore({ name: '' })).toThrow('name: expected a string');
});
