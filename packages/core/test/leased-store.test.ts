import { describe, expect, test } from 'vitest';
import { encryptedStore, leasedStore, memoryStore, type TokenRecord, type TokenStore } from '../src/index.js';
import { hour } from './support/durations.js';
import { ManualClock, settle } from './support/manual-clock.js';
import { recordWith } from './support/record.js';

describe('leasedStore', () => {
  const leaseMs = 9_000;
  const { signal } = new AbortController();

  function setUp() {
    const clock = new ManualClock();
    const inner = memoryStore({ now: clock.now });
    let isDown = false;
    const flaky: TokenStore = {
      get: (key) => inner.get(key),
      compareAndSet: (key, expectedId, next) => {
        if (isDown) throw new Error('down');
        return inner.compareAndSet(key, expectedId, next);
      },
    };
    const open = (store: TokenStore = flaky) => leasedStore(store, { leaseMs, clock });
    const lock = (store = open()) => (store.lock as NonNullable<TokenStore['lock']>)('key', { signal });
    return {
      clock,
      inner,
      open,
      lock,
      breakDown: (value: boolean) => {
        isDown = value;
      },
    };
  }

  test('an account whose key is another’s lock key keeps its record', { tags: ['fault-123'] }, async () => {
    const store = leasedStore(memoryStore()) as Required<TokenStore>;
    const keys = ['key', 'key.lock', 'key.lock.', 'key.lock.lock', 'key.'];
    for (const key of keys) expect(await store.compareAndSet(key, undefined, recordWith(key))).toBe(true);
    const signal = new AbortController().signal;
    const leases = await Promise.all(keys.map((key) => store.lock(key, { signal })));
    for (const key of keys) expect(await store.get(key)).toEqual(recordWith(key));
    for (const lease of leases) await lease.release();
    for (const key of keys) expect(await store.get(key)).toEqual(recordWith(key));
  });

  test('a store that answers null for nothing works', { tags: ['fault-123'] }, async () => {
    const open = (): TokenStore => {
      const inner = memoryStore();
      return {
        get: async (key) => (await inner.get(key)) ?? (null as never),
        compareAndSet: inner.compareAndSet.bind(inner),
      };
    };
    const keys = [new Uint8Array(32)];
    for (const store of [leasedStore(open()), leasedStore(encryptedStore(open(), { keys }))]) {
      const lease = await store.lock?.('key', { signal: new AbortController().signal });
      expect(lease?.held()).toBe(true);
      expect((await store.get('key')) ?? undefined).toBeUndefined();
      await lease?.release();
    }
  });

  describe('waiting for the lease', () => {
    test('a second holder waits for the first', async () => {
      const { clock, lock } = setUp();
      const first = await lock();
      const waiting = lock();
      await clock.advance(60_000);
      expect(first.held()).toBe(true);
      await first.release();
      await clock.advance(100);
      expect((await waiting).held()).toBe(true);
      expect(first.held()).toBe(false);
    });

    test('a dead holder’s lease is taken after leaseMs on the waiter’s clock, whatever the wall clocks say', async () => {
      const { clock, inner, lock } = setUp();
      await inner.compareAndSet('key.lock', undefined, { id: 'dead', value: 'held' });
      const waiting = lock();
      clock.jump(24 * hour);
      await clock.advance(leaseMs - 200);
      expect((await inner.get('key.lock'))?.id).toBe('dead');
      await clock.advance(300);
      expect((await waiting).held()).toBe(true);
    });

    test('a waiter that gives up early leaves to the next how long it saw the dead holder', {
      tags: ['fault-64'],
    }, async () => {
      const { clock, inner, open } = setUp();
      await inner.compareAndSet('key.lock', undefined, { id: 'dead', value: 'held' });
      const store = open();
      const patient = async (): Promise<string> => {
        const controller = new AbortController();
        const waiting = store.lock?.('key', { signal: controller.signal }).then(
          () => 'granted',
          () => 'gave up',
        );
        await clock.advance(leaseMs / 2);
        controller.abort();
        return (await waiting) as string;
      };
      expect([await patient(), await patient(), await patient()]).toEqual(['gave up', 'gave up', 'granted']);
    });

    test('the lease of an owner that is known to be gone is taken at once', async () => {
      const { clock, inner } = setUp();
      const owner = { name: 'us', isGone: (name: string) => name === 'dead process' };
      const store = leasedStore(inner, { leaseMs, clock, owner });
      const take = async (value: string): Promise<boolean | undefined> => {
        await inner.compareAndSet('key.lock', (await inner.get('key.lock'))?.id, { id: value, value });
        const waiting = store.lock?.('key', { signal });
        await clock.advance(200);
        const lease = await Promise.race([waiting, undefined]);
        return lease?.held();
      };
      expect(await take('held living process')).toBeUndefined();
      expect(await take('held dead process')).toBe(true);
      expect((await inner.get('key.lock'))?.value).toBe('held us');
    });

    test('a wait ends with its signal, and leaves nothing behind', async () => {
      const { clock, open, lock } = setUp();
      const held = await lock();
      const controller = new AbortController();
      const waiting = open().lock?.('key', { signal: controller.signal });
      await settle();
      controller.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
      await held.release();
      await held.release();
      expect(clock.timers).toBe(0);
      await expect(open().lock?.('key', { signal: controller.signal })).rejects.toThrow('enough');
    });
  });

  describe('renewing the lease', () => {
    test('a holder that cannot renew knows when it has lost the lease', async () => {
      const { clock, lock, breakDown } = setUp();
      const lease = await lock();
      breakDown(true);
      await clock.advance(leaseMs - 1);
      expect(lease.held()).toBe(true);
      await clock.advance(1);
      expect(lease.held()).toBe(false);
      expect(lease.lost.aborted).toBe(true);
      breakDown(false);
      await lease.release();
      expect(clock.timers).toBe(0);
    });

    test('a holder whose renewal failed once keeps the lease', async () => {
      const { clock, lock, breakDown } = setUp();
      const lease = await lock();
      breakDown(true);
      await clock.advance(leaseMs / 3);
      breakDown(false);
      await clock.advance(10 * leaseMs);
      expect(lease.held()).toBe(true);
    });

    test('a renewal whose answer was lost counts once it is found in the store', async () => {
      const { clock, inner, open, lock } = setUp();
      let lose = false;
      const store = open({
        get: (key) => inner.get(key),
        compareAndSet: async (key, expectedId, next) => {
          const done = await inner.compareAndSet(key, expectedId, next);
          if (lose) {
            lose = false;
            throw new Error('answer lost');
          }
          return done;
        },
      });
      const lease = await lock(store);
      lose = true;
      await clock.advance(3 * leaseMs);
      expect(lease.held()).toBe(true);
      lose = true;
      await clock.advance(leaseMs / 3);
      await lease.release();
      expect((await inner.get('key.lock'))?.value).toBe('free');
    });

    test('a renewal that never ends does not extend the lease, and release does not wait for it', async () => {
      const { clock, inner } = setUp();
      let hangs = false;
      const store = leasedStore(
        {
          get: (key) => inner.get(key),
          compareAndSet: (key, expectedId, next) =>
            hangs && next.value === 'held'
              ? new Promise(() => {})
              : inner.compareAndSet(key, expectedId, next),
        },
        { leaseMs, clock },
      );
      const taking = store.lock?.('key', { signal });
      await clock.advance(100);
      const lease = (await taking) as NonNullable<Awaited<typeof taking>>;
      hangs = true;
      await clock.advance(leaseMs + 1);
      expect(lease.lost.aborted).toBe(true);
      await lease.release();
      expect((await inner.get('key.lock'))?.value).toBe('free');
      expect(clock.timers).toBe(0);
    });

    test('a lease that a slow store grants after it has run out is given back and asked for again', async () => {
      const { clock, inner } = setUp();
      let delayMs = leaseMs + 1;
      const store = leasedStore(
        {
          get: (key) => inner.get(key),
          async compareAndSet(key, expectedId, next) {
            const isSet = await inner.compareAndSet(key, expectedId, next);
            if (next.value === 'held')
              await new Promise<void>((resolve) => clock.setTimeout(resolve, delayMs));
            return isSet;
          },
        },
        { leaseMs, clock },
      );
      const taking = store.lock?.('key', { signal });
      await clock.advance(leaseMs + 1);
      expect((await inner.get('key.lock'))?.value).toBe('free');
      delayMs = leaseMs / 2;
      await clock.advance(100 + delayMs);
      expect((await taking)?.held()).toBe(true);
    });

    test('a lease counts from when its renewal was requested, not from when the answer came', async () => {
      const { clock, inner } = setUp();
      let delayMs = 0;
      const store = leasedStore(
        {
          get: (key) => inner.get(key),
          async compareAndSet(key, expectedId, next) {
            const isSet = await inner.compareAndSet(key, expectedId, next);
            if (delayMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, delayMs));
            return isSet;
          },
        },
        { leaseMs, clock },
      );
      const taking = store.lock?.('key', { signal });
      await clock.advance(100);
      const lease = (await taking) as NonNullable<Awaited<typeof taking>>;
      // The first renewal is requested after a third of the lease and answered in time; the second is not answered.
      delayMs = leaseMs / 2;
      await clock.advance(leaseMs / 3 + leaseMs / 2);
      expect(lease.held()).toBe(true);
      delayMs = 10 * leaseMs;
      await clock.advance(leaseMs / 2);
      expect(lease.held()).toBe(false);
    });
  });

  describe('holding the lease for too long', () => {
    test('a holder that was frozen past its lease has lost it, and takes nothing from its successor', async () => {
      const { clock, inner, lock } = setUp();
      const frozen = await lock();
      const standing = (await inner.get('key.lock')) as TokenRecord;
      await inner.compareAndSet('key.lock', standing.id, { id: 'successor', value: 'held' });
      await clock.advance(leaseMs);
      expect(frozen.held()).toBe(false);
      expect(frozen.lost.aborted).toBe(true);
      await frozen.release();
      expect((await inner.get('key.lock'))?.id).toBe('successor');
    });

    test('a holder that slept past its lease no longer holds it', async () => {
      const { clock, lock } = setUp();
      const lease = await lock();
      clock.jump(leaseMs);
      expect(lease.held()).toBe(false);
    });

    test('a lease that was held for too long is still released in the store', async () => {
      const { clock, inner, lock } = setUp();
      const lease = await lock();
      clock.jump(leaseMs);
      expect(lease.held()).toBe(false);
      await lease.release();
      expect((await inner.get('key.lock'))?.value).toBe('free');
    });
  });

  describe('the inner store', () => {
    test('get, compareAndSet and subscribe are those of the inner store', async () => {
      const { open, inner } = setUp();
      const store = open();
      expect(await store.compareAndSet('key', undefined, recordWith('a'))).toBe(true);
      expect(await store.get('key')).toEqual(recordWith('a'));
      expect(store).not.toHaveProperty('subscribe');
      expect(open({ ...inner, subscribe: () => () => {} }).subscribe?.('key', () => {})).toBeTypeOf(
        'function',
      );
    });

    test('a leaseMs outside its range is refused', () => {
      for (const wrong of [0, 999, Number.NaN, 2 ** 31]) {
        expect(() => leasedStore(memoryStore(), { leaseMs: wrong })).toThrow('leaseMs: expected');
      }
    });
  });
});
