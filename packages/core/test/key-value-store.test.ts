import { describe, expect, test, vi } from 'vitest';
import { AuthError, type KeyValue, keyValueStore } from '../src/index.js';
import { settle } from './support/manual-clock.js';
import { recordWith } from './support/record.js';

describe('keyValueStore', () => {
  class AsyncMap {
    readonly map = new Map<string, string>();
    async get(key: string): Promise<string | undefined> {
      await settle();
      return this.map.get(key);
    }
    async set(key: string, value: string): Promise<void> {
      await settle();
      this.map.set(key, value);
    }
  }

  test('a Map keeps the store synchronous', () => {
    const store = keyValueStore(new Map<string, string>());
    expect(store.compareAndSet('key', undefined, recordWith('a', 7))).toBe(true);
    expect(store.get('key')).toEqual(recordWith('a', 7));
    expect(store.compareAndSet('key', undefined, recordWith('b'))).toBe(false);
  });

  test('a set that returns false, as Keyv’s does for a failed write, has failed', async () => {
    const store = keyValueStore({ get: () => undefined, set: async () => false });
    await expect(store.compareAndSet('key', undefined, recordWith('a'))).rejects.toMatchObject({
      code: 'store_failed',
    });
  });

  test('a write fails where its method is gone, and does not count as saved', async () => {
    const map = new Map<string, string>();
    const keyValue: { get(key: string): unknown; set?: unknown } = {
      get: (key) => map.get(key),
      set: (key: string, value: string) => map.set(key, value),
    };
    const store = keyValueStore(keyValue as Map<string, string>);
    delete keyValue.set;
    await expect(async () => store.compareAndSet('k', undefined, recordWith('a'))).rejects.toThrow(TypeError);
  });

  test('what answers to any name is taken by the names that it has', () => {
    const map = new Map<string, string>();
    const stub = new Proxy(map, {
      get: (target, name) =>
        name in target ? Reflect.get(target, name).bind(target) : () => expect.unreachable(String(name)),
    });
    const store = keyValueStore(stub);
    expect(store.compareAndSet('k', undefined, recordWith('a'))).toBe(true);
    expect(store.get('k')).toMatchObject({ id: 'a' });
  });

  test('keys stay apart in a map that ignores case and queries and takes / for :', () => {
    const careless = new Map<string, string>();
    const half = (key: string): string => (key.toLowerCase().split('?')[0] as string).replaceAll('/', ':');
    const store = keyValueStore({
      get: (key: string) => careless.get(half(key)),
      set: (key: string, value: string) => careless.set(half(key), value),
    });
    const keys = ['a?b', 'a?c', 'a/b', 'a:b', 'A/b', '%003f'];
    for (const key of keys) expect(store.compareAndSet(key, undefined, recordWith(key))).toBe(true);
    for (const key of keys) expect(store.get(key)).toEqual(recordWith(key));
  });

  test('a store such as localStorage works, and its null counts as no record', () => {
    const items = new Map<string, string>();
    const storage: KeyValue = {
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => void items.set(key, value),
    };
    const store = keyValueStore(storage);
    expect(store.get('key')).toBeUndefined();
    expect(store.compareAndSet('key', undefined, recordWith('a'))).toBe(true);
    expect(items.get('key')).toMatch(/^auth1:/);
  });

  test.each(['something else', 'auth1:{torn', 'auth1:{}', 7])(
    'the foreign value %j is an unreadable record that can be replaced',
    async (value) => {
      const map = new Map<string, string>([['key', value as string]]);
      const store = keyValueStore(map);
      const found = await store.get('key');
      expect(found).toEqual({ id: 'unreadable', value: '' });
      expect(await store.compareAndSet('key', undefined, recordWith('a'))).toBe(false);
      expect(await store.compareAndSet('key', found?.id, recordWith('a'))).toBe(true);
    },
  );

  test.each([undefined, null, 7, {}, { get: 1, set: 2 }])('%j is refused as a key-value store', (value) => {
    expect(() => keyValueStore(value as never)).toThrow(AuthError);
  });

  test('the lock shows that the store takes writes, and changes nothing', async () => {
    const map = new AsyncMap();
    const store = keyValueStore(map);
    const signal = new AbortController().signal;
    await (await store.lock?.('key', { signal }))?.release();
    expect(map.map.size).toBe(0);
    await store.compareAndSet('key', undefined, recordWith('a'));
    await (await store.lock?.('key', { signal }))?.release();
    expect(await store.get('key')).toEqual(recordWith('a'));
    map.set = async () => {
      throw new Error('full');
    };
    await expect(store.lock?.('key', { signal })).rejects.toThrow('full');
    const nobody = await store.lock?.('another key', { signal });
    expect(nobody?.held()).toBe(true);
  });

  describe('taking turns', () => {
    test('comparisons take turns, even between two stores on one map', async () => {
      const map = new AsyncMap();
      const stores = [keyValueStore(map), keyValueStore(map)] as const;
      const wins = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          stores[index % 2]?.compareAndSet('key', undefined, recordWith(`${index}`)),
        ),
      );
      expect(wins.filter(Boolean)).toHaveLength(1);
    });

    test('a write that fails does not block the next call', async () => {
      const map = new AsyncMap();
      const store = keyValueStore(map);
      const { set } = map;
      map.set = async () => {
        throw new Error('full');
      };
      const [first, second] = [store.compareAndSet('key', undefined, recordWith('a')), store.get('key')];
      await expect(first).rejects.toThrow('full');
      expect(await second).toBeUndefined();
      map.set = set;
      expect(await store.compareAndSet('key', undefined, recordWith('b'))).toBe(true);
    });

    test('a write that never ends blocks its key for 5 s at most', async () => {
      vi.useFakeTimers();
      try {
        const map = new Map<string, string>();
        let hang = true;
        const store = keyValueStore({
          get: async (key: string) => map.get(key),
          set: async (key: string, value: string) => {
            if (hang) await new Promise(() => {});
            map.set(key, value);
          },
        });
        void store.compareAndSet('key', undefined, recordWith('a'));
        await vi.advanceTimersByTimeAsync(0);
        const next = ['b', 'c', 'd'].map((id) => store.compareAndSet('key', undefined, recordWith(id)));
        hang = false;
        await vi.advanceTimersByTimeAsync(5_000);
        expect(await Promise.all(next)).toEqual([true, false, false]);
      } finally {
        vi.useRealTimers();
      }
    });
  });
});
