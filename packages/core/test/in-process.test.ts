import { describe, expect, test } from 'vitest';
import { keyValueStore, memoryStore, type TokenStore } from '../src/index.js';
import { settle } from './support/manual-clock.js';
import { recordWith } from './support/record.js';

const never = new AbortController().signal;

describe.each<[string, () => Required<TokenStore>]>([
  ['memoryStore', () => memoryStore() as Required<TokenStore>],
  ['keyValueStore', () => keyValueStore(new Map<string, string>()) as Required<TokenStore>],
])('%s within one process', (_, open) => {
  test('a lock is granted in the order of the asking, one at a time', async () => {
    const store = open();
    const granted: number[] = [];
    await Promise.all(
      [0, 1, 2, 3].map(async (index) => {
        const lease = await store.lock('key', { signal: never });
        granted.push(index);
        await settle();
        expect(granted.at(-1)).toBe(index);
        expect(lease.held()).toBe(true);
        await lease.release();
        expect(lease.held()).toBe(false);
        expect(lease.lost.aborted).toBe(false);
      }),
    );
    expect(granted).toEqual([0, 1, 2, 3]);
  });

  test('who stops waiting lets the next one pass, but not before the holder', async () => {
    const store = open();
    const holder = await store.lock('key', { signal: never });
    const controller = new AbortController();
    const leaves = store.lock('key', { signal: controller.signal });
    let isGranted = false;
    const next = store.lock('key', { signal: never }).then(() => {
      isGranted = true;
    });
    controller.abort(new Error('left'));
    await expect(leaves).rejects.toThrow('left');
    await settle();
    expect(isGranted).toBe(false);
    await holder.release();
    await next;
    await expect(store.lock('key', { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow();
  });

  test('every listener is told of a change, until it unsubscribes', async () => {
    const store = open();
    const told: string[] = [];
    const same = (): void => void told.push('same');
    const [first, second] = [store.subscribe('key', same), store.subscribe('key', same)];
    const last = store.subscribe('key', () => told.push('last'));
    store.subscribe('another key', () => told.push('another'));
    await store.compareAndSet('key', undefined, recordWith('a'));
    await store.compareAndSet('key', 'someone else’s', recordWith('b'));
    await settle();
    expect(told).toEqual(['same', 'same', 'last']);
    first();
    first();
    await store.compareAndSet('key', 'a', recordWith('c'));
    await settle();
    expect(told.slice(3)).toEqual(['same', 'last']);
    second();
    last();
    await store.compareAndSet('key', 'c', recordWith('d'));
    await settle();
    expect(told).toHaveLength(5);
  });
});
