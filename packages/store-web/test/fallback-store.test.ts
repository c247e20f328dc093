import { AuthError, memoryStore, type TokenRecord } from '@auth/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { fallbackStore, type RefusingStore } from '../src/fallback-store.js';

const record = (id: string): TokenRecord => ({ id, value: `secret of ${id}` });

describe('fallbackStore', () => {
  let mayRead: boolean;
  let mayWrite: boolean;
  let mayForget: boolean;
  let told: string[];
  let records: Map<string, TokenRecord>;
  let second: ReturnType<typeof memoryStore>;
  const refuse = (): never => {
    throw new DOMException('no room', 'QuotaExceededError');
  };
  const first: RefusingStore = {
    get: async (key) => (mayRead ? records.get(key) : refuse()),
    async compareAndSet(key, expectedId, next) {
      if (!mayWrite) refuse();
      if (records.get(key)?.id !== expectedId) return false;
      records.set(key, next);
      return true;
    },
    async forget(key, id) {
      if (!mayForget) refuse();
      if (records.get(key)?.id === id) records.delete(key);
    },
  };
  const open = () => fallbackStore(first, second, (_, error) => told.push((error as Error).name));

  beforeEach(() => {
    [mayRead, mayWrite, mayForget, told, records, second] = [true, true, true, [], new Map(), memoryStore()];
  });

  test.each(['AbortError', 'NotFoundError', 'TransactionInactiveError', 'UnknownError'])(
    'a failure that passes (%s) is thrown: it is never "no record", and deletes none',
    { tags: ['fault-119', 'fault-120'] },
    async (name) => {
      await open().compareAndSet('key', undefined, record('a'));
      const failing = (): never => {
        throw new DOMException('once', name);
      };
      const store = fallbackStore({ ...first, get: failing }, second, () => told.push('refused'));
      await expect(store.get('key')).rejects.toThrow('once');
      const writing = fallbackStore({ ...first, compareAndSet: failing }, second, () => told.push('refused'));
      await expect(writing.compareAndSet('key', 'a', record('b'))).rejects.toThrow('once');
      expect(await open().get('key')).toEqual(record('a'));
      expect(told).toEqual([]);
    },
  );

  test('a refused write leaves nothing old behind, for the next tab or a reload to take for current', async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    mayWrite = false;
    expect(await store.compareAndSet('key', 'a', record('b'))).toBe(true);
    expect(await store.get('key')).toEqual(record('b'));
    expect(records.size).toBe(0);
    expect(told).toEqual(['QuotaExceededError']);
  });

  test('where even that is refused the write fails, and what stood there stands', async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    mayWrite = mayForget = false;
    await expect(store.compareAndSet('key', 'a', record('b'))).rejects.toThrow('no room');
    expect(await store.get('key')).toEqual(record('a'));
  });

  test('a detour that is over never counts again, and its secrets are gone', async () => {
    const store = open();
    mayWrite = false;
    await store.compareAndSet('key', undefined, record('a'));
    mayWrite = true;
    expect(await store.compareAndSet('key', 'a', record('b'))).toBe(true);
    expect(JSON.stringify(await second.get('key'))).not.toContain('secret');
    // The browser evicts what it kept.
    records.clear();
    expect(await store.get('key')).toBeUndefined();
  });

  test('one that another tab has overtaken is over as well', async () => {
    const store = open();
    mayWrite = false;
    await store.compareAndSet('key', undefined, record('a'));
    records.set('key', record('theirs'));
    expect(await store.get('key')).toEqual(record('theirs'));
    records.clear();
    expect(await store.get('key')).toBeUndefined();
  });

  test('of two writers on a detour one wins', async () => {
    const store = open();
    mayWrite = false;
    await store.compareAndSet('key', undefined, record('a'));
    const wins = await Promise.all(['b', 'c', 'd'].map((id) => store.compareAndSet('key', 'a', record(id))));
    expect(wins.filter(Boolean)).toHaveLength(1);
    expect((await store.get('key'))?.id).toBe(['b', 'c', 'd'][wins.indexOf(true)]);
  });

  test('what was kept while the first could not be asked counts when it can', async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    mayRead = mayWrite = false;
    expect(await store.get('key')).toBeUndefined();
    // Such as a sign-out.
    expect(await store.compareAndSet('key', undefined, record('b'))).toBe(true);
    mayRead = mayWrite = true;
    expect(await store.get('key')).toEqual(record('b'));
    expect(await store.compareAndSet('key', 'b', record('c'))).toBe(true);
    expect(records.get('key')).toEqual(record('c'));
  });

  test('a record that does not decrypt is an error, and is not passed by', async () => {
    const undecryptable: RefusingStore = {
      ...first,
      get: async () => {
        throw new AuthError('store_failed', { detail: 'does not decrypt' });
      },
    };
    const store = fallbackStore(undecryptable, second, () => expect.unreachable());
    await expect(store.get('key')).rejects.toThrow('does not decrypt');
    await expect(store.compareAndSet('key', undefined, record('a'))).rejects.toThrow('does not decrypt');
  });
});
