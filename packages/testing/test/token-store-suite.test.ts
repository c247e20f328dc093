import {
  encryptedStore,
  keyValueStore,
  leasedStore,
  memoryStore,
  type TokenRecord,
  type TokenStore,
} from '@auth/core';
import { describe, expect, test } from 'vitest';
import { tokenStoreSuite } from '../src/conformance/index.js';
import { brokenGuarantees } from './support/broken-guarantees.js';
import { peersOn } from './support/peers-in-process.js';

describe.concurrent('core’s own stores pass', () => {
  describe('memoryStore', () => tokenStoreSuite(test, () => memoryStore()));
  describe('keyValueStore over a Map', () =>
    tokenStoreSuite(test, () => keyValueStore(new Map<string, string>())));
  describe('keyValueStore over an asynchronous store', () =>
    tokenStoreSuite(test, () => {
      const map = new Map<string, string>();
      return keyValueStore({
        getItem: async (key: string) => map.get(key) ?? null,
        setItem: async (key: string, value: string) => void map.set(key, value),
      });
    }));
  describe('encryptedStore', () =>
    tokenStoreSuite(test, () => encryptedStore(memoryStore(), { keys: [new Uint8Array(32)] })));
  const leaseMs = 1_000;
  describe('leasedStore', () =>
    tokenStoreSuite(test, () => leasedStore(memoryStore(), { leaseMs }), {
      leaseMs,
      openPeer: peersOn((shared) => ({ ...leasedStore(shared, { leaseMs }), subscribe: shared.subscribe })),
    }));
});

describe.concurrent('the suite finds what a store breaks', () => {
  const over = (changes: (inner: TokenStore) => Partial<TokenStore>) => () => {
    const inner = memoryStore();
    return { get: inner.get, compareAndSet: inner.compareAndSet, ...changes(inner) };
  };

  test.each<[string, () => TokenStore, string]>([
    [
      'compare that never refuses',
      () => {
        const records = new Map<string, TokenRecord>();
        return {
          get: (key) => records.get(key),
          compareAndSet: (key, _expected, next) => records.set(key, next) !== undefined,
        };
      },
      'compareAndSet changes nothing where another record stands',
    ],
    [
      'compare with a gap',
      () => {
        const records = new Map<string, TokenRecord>();
        return {
          get: (key) => records.get(key),
          compareAndSet: async (key, expected, next) => {
            const { id } = records.get(key) ?? {};
            await new Promise((resolve) => setTimeout(resolve, 1));
            if (id !== expected) return false;
            records.set(key, next);
            return true;
          },
        };
      },
      'of many writers that expect the same record one wins',
    ],
    [
      'keys in lower case',
      over((inner) => ({
        get: (key) => inner.get(key.toLowerCase()),
        compareAndSet: (key, expected, next) => inner.compareAndSet(key.toLowerCase(), expected, next),
      })),
      'keys are kept apart',
    ],
    [
      'evictAt rounded',
      over((inner) => ({
        compareAndSet: (key, expected, next) =>
          inner.compareAndSet(key, expected, {
            ...next,
            ...(next.evictAt === undefined ? {} : { evictAt: Math.floor(next.evictAt / 1_000) * 1_000 }),
          }),
      })),
      'evictAt comes back as it was given, or not at all',
    ],
    [
      'a lock that excludes nobody',
      over(() => ({
        lock: async () => ({ lost: new AbortController().signal, held: () => true, release: () => {} }),
      })),
      'a lock, where there is one, excludes until it is released',
    ],
    [
      'a long value cut off',
      over((inner) => ({
        compareAndSet: (key, expected, next) =>
          inner.compareAndSet(key, expected, { ...next, value: next.value.slice(0, 65_535) }),
      })),
      'a record of a megabyte comes back, or is refused and changes nothing',
    ],
    [
      'a lock kept as if it were a record',
      over((inner) => {
        const { lock } = leasedStore(inner);
        return lock === undefined ? {} : { lock };
      }),
      'a lock, where there is one, is not kept where a record is',
    ],
  ])('%s', async (_, createStore, guarantee) => {
    expect(await brokenGuarantees(createStore)).toContain(guarantee);
  });

  test('a lease that nobody renews', async () => {
    const forgetful = (): TokenStore => {
      let heldUntil = 0;
      return {
        ...memoryStore(),
        async lock(_, { signal }) {
          while (Date.now() < heldUntil) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            signal.throwIfAborted();
          }
          heldUntil = Date.now() + 200;
          return { lost: new AbortController().signal, held: () => true, release: () => {} };
        },
      };
    };
    expect(await brokenGuarantees(forgetful, { leaseMs: 200 })).toContain(
      'a lease is renewed for as long as it is needed',
    );
  });

  test('nothing in a store that keeps every guarantee, and it disposes that store', async () => {
    let disposed = 0;
    const createStore = (): TokenStore & Disposable =>
      Object.assign(memoryStore(), { [Symbol.dispose]: () => void disposed++ });
    expect(await brokenGuarantees(createStore)).toEqual([]);
    expect(disposed).toBe(14);
    const createAsync = (): TokenStore & AsyncDisposable =>
      Object.assign(memoryStore(), { [Symbol.asyncDispose]: async () => void disposed++ });
    await brokenGuarantees(createAsync);
    expect(disposed).toBe(28);
  });
});
