import { memoryStore, type TokenStore } from '@auth/core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { brokenGuarantees } from './support/broken-guarantees.js';
import { peersOn, type SharedStore } from './support/peers-in-process.js';

// All peers are in this process and wait for timers alone: time passes as fast as the timers come due.
beforeAll(() => {
  vi.useFakeTimers();
  vi.setTimerTickMode('nextTimerAsync');
});
afterAll(() => void vi.useRealTimers());

describe('the suite finds what a store breaks across processes', () => {
  const noLock: TokenStore['lock'] = async () => ({
    lost: new AbortController().signal,
    held: () => true,
    release: () => {},
  });
  test.each<[string, (shared: SharedStore) => TokenStore, string]>([
    [
      'a compare that is atomic within one process only',
      (shared) => ({
        ...shared,
        lock: noLock,
        async compareAndSet(key, expected, next) {
          if ((await shared.get(key))?.id !== expected) return false;
          await new Promise((resolve) => setTimeout(resolve, 1));
          return shared.compareAndSet(key, (await shared.get(key))?.id, next);
        },
      }),
      'no write of any is lost',
    ],
    [
      'a lock within one process only',
      (shared) => ({ ...shared, lock: noLock }),
      'of many holders of the lock one is inside',
    ],
    [
      'no notification',
      (shared) => ({ ...shared, lock: noLock, subscribe: () => () => {} }),
      'a change is told to the others, where that is possible',
    ],
    [
      'a lock that dies with its holder',
      (shared) => ({
        ...shared,
        async lock(key, { signal }) {
          const name = `${key}.lock`;
          const isFree = async (): Promise<boolean> => (await shared.get(name))?.id !== 'held';
          const set = async (from: string | undefined, id: string): Promise<boolean> =>
            shared.compareAndSet(name, from, { id, value: '' });
          while (!((await isFree()) && (await set((await shared.get(name))?.id, 'held')))) {
            await new Promise((resolve) => setTimeout(resolve, 10));
            signal.throwIfAborted();
          }
          return { lost: signal, held: () => true, release: async () => void (await set('held', 'free')) };
        },
      }),
      'the lock of a holder that was killed is free in time',
    ],
  ])('%s', async (_, open, guarantee) => {
    const broken = await brokenGuarantees(() => memoryStore(), { leaseMs: 100, openPeer: peersOn(open) });
    expect(broken).toContain(guarantee);
  });

  test('a store without lock and notification is no worse for it', async () => {
    const openPeer = peersOn(({ get, compareAndSet }) => ({ get, compareAndSet }));
    expect(await brokenGuarantees(() => memoryStore(), { leaseMs: 100, openPeer })).toEqual([]);
  });
});
