import { describe, expect, test, vi } from 'vitest';
import {
  AuthError,
  encryptedStore,
  type KeyValue,
  keyValueStore,
  leasedStore,
  memoryStore,
  type TokenRecord,
  type TokenStore,
} from '../src/index.js';
import { ManualClock, settle } from './support/manual-clock.js';

const record = (id: string, evictAt?: number): TokenRecord => ({
  id,
  value: `value of ${id}`,
  ...(evictAt === undefined ? {} : { evictAt }),
});

describe('memoryStore', () => {
  test('it forgets what may be forgotten', async () => {
    let now = 0;
    const store = memoryStore({ now: () => now });
    await store.compareAndSet('key', undefined, record('a', 10));
    now = 10;
    expect(await store.get('key')).toBeUndefined();
    expect(await store.compareAndSet('key', undefined, record('b'))).toBe(true);
  });

  test('records that nobody reads again do not pile up', async () => {
    let now = 0;
    const store = memoryStore({ now: () => now });
    for (let account = 0; account < 1_024; account++)
      await store.compareAndSet(`old-${account}`, undefined, record('a', 10));
    now = 20;
    for (let account = 0; account < 1_024; account++)
      await store.compareAndSet(`new-${account}`, undefined, record('a', 99));
    now = 5;
    expect(await store.get('old-1')).toBeUndefined();
    expect(await store.get('new-1')).toBeDefined();
  });
});

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

  test('a Map stays synchronous', () => {
    const store = keyValueStore(new Map<string, string>());
    expect(store.compareAndSet('key', undefined, record('a', 7))).toBe(true);
    expect(store.get('key')).toEqual(record('a', 7));
    expect(store.compareAndSet('key', undefined, record('b'))).toBe(false);
  });

  test('keys are told apart by stores that look at half of them', () => {
    const careless = new Map<string, string>();
    const half = (key: string): string => (key.toLowerCase().split('?')[0] as string).replaceAll('/', ':');
    const store = keyValueStore({
      get: (key: string) => careless.get(half(key)),
      set: (key: string, value: string) => careless.set(half(key), value),
    });
    const keys = ['a?b', 'a?c', 'a/b', 'a:b', 'A/b', '%003f'];
    for (const key of keys) expect(store.compareAndSet(key, undefined, record(key))).toBe(true);
    for (const key of keys) expect(store.get(key)).toEqual(record(key));
  });

  test('comparisons take turns, also between two stores on one map', async () => {
    const map = new AsyncMap();
    const stores = [keyValueStore(map), keyValueStore(map)] as const;
    const wins = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        stores[index % 2]?.compareAndSet('key', undefined, record(`${index}`)),
      ),
    );
    expect(wins.filter(Boolean)).toHaveLength(1);
  });

  test('a write that fails holds up nobody', async () => {
    const map = new AsyncMap();
    const store = keyValueStore(map);
    const { set } = map;
    map.set = async () => {
      throw new Error('full');
    };
    const [first, second] = [store.compareAndSet('key', undefined, record('a')), store.get('key')];
    await expect(first).rejects.toThrow('full');
    expect(await second).toBeUndefined();
    map.set = set;
    expect(await store.compareAndSet('key', undefined, record('b'))).toBe(true);
  });

  test('a write that never ends does not hold up the key for ever', async () => {
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
      void store.compareAndSet('key', undefined, record('a'));
      await vi.advanceTimersByTimeAsync(0);
      const next = ['b', 'c', 'd'].map((id) => store.compareAndSet('key', undefined, record(id)));
      hang = false;
      await vi.advanceTimersByTimeAsync(5_000);
      expect(await Promise.all(next)).toEqual([true, false, false]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('localStorage-like stores work, and null is nothing', () => {
    const items = new Map<string, string>();
    const storage: KeyValue = {
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => void items.set(key, value),
    };
    const store = keyValueStore(storage);
    expect(store.get('key')).toBeUndefined();
    expect(store.compareAndSet('key', undefined, record('a'))).toBe(true);
    expect(items.get('key')).toMatch(/^auth1:/);
  });

  test.each(['something else', 'auth1:{torn', 'auth1:{}', 7])(
    'a foreign value, %j, is a record to be replaced',
    async (value) => {
      const map = new Map<string, string>([['key', value as string]]);
      const store = keyValueStore(map);
      const found = await store.get('key');
      expect(found).toEqual({ id: 'unreadable', value: '' });
      expect(await store.compareAndSet('key', undefined, record('a'))).toBe(false);
      expect(await store.compareAndSet('key', found?.id, record('a'))).toBe(true);
    },
  );

  test.each([undefined, null, 7, {}, { get: 1, set: 2 }])('%j is refused', (value) => {
    expect(() => keyValueStore(value as never)).toThrow(AuthError);
  });
});

describe('encryptedStore', () => {
  const newKey = new Uint8Array(32).fill(1);
  const oldKey = new Uint8Array(32).fill(2);

  test('what is stored shows nothing of the value', async () => {
    const inner = memoryStore();
    const store = encryptedStore(inner, { keys: [newKey] });
    await store.compareAndSet('key', undefined, { ...record('a'), value: 'very secret' });
    const stored = (await inner.get('key')) as TokenRecord;
    expect(stored.id).toBe('a');
    expect(atob(stored.value.slice('enc1:'.length))).not.toContain('secret');
    expect((await store.get('key'))?.value).toBe('very secret');
  });

  test('the same value encrypts differently each time', async () => {
    const inner = memoryStore();
    const store = encryptedStore(inner, { keys: [newKey] });
    await store.compareAndSet('one', undefined, record('a'));
    await store.compareAndSet('two', undefined, record('a'));
    expect((await inner.get('one'))?.value).not.toBe((await inner.get('two'))?.value);
  });

  test('an old key still decrypts, a new one encrypts', async () => {
    const inner = memoryStore();
    await encryptedStore(inner, { keys: [oldKey] }).compareAndSet('key', undefined, record('a'));
    const rotating = encryptedStore(inner, { keys: [newKey, oldKey] });
    expect(await rotating.get('key')).toEqual(record('a'));
    await rotating.compareAndSet('key', 'a', record('b'));
    expect(await encryptedStore(inner, { keys: [newKey] }).get('key')).toEqual(record('b'));
  });

  test('a CryptoKey works', async () => {
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ]);
    const store = encryptedStore(memoryStore(), { keys: [key] });
    await store.compareAndSet('key', undefined, record('a'));
    expect(await store.get('key')).toEqual(record('a'));
  });

  test.each<[string, (inner: TokenStore, sealed: TokenRecord) => [string, TokenRecord]]>([
    ['another account', (_, sealed) => ['other', sealed]],
    ['another id', (_, sealed) => ['key', { ...sealed, id: 'x' }]],
    ['another evictAt', (_, sealed) => ['key', { ...sealed, evictAt: 9e15 }]],
    ['a changed text', (_, sealed) => ['key', { ...sealed, value: `${sealed.value.slice(0, -4)}AAAA` }]],
    ['plain text', (_, sealed) => ['key', { ...sealed, value: 'plain' }]],
    ['no base64', (_, sealed) => ['key', { ...sealed, value: 'enc1:***' }]],
    ['too short a text', (_, sealed) => ['key', { ...sealed, value: 'enc1:AAAA' }]],
  ])('a value under %s does not decrypt', async (_, move) => {
    const source = memoryStore();
    await encryptedStore(source, { keys: [newKey] }).compareAndSet('key', undefined, record('a'));
    const target = memoryStore();
    const [key, moved] = move(source, (await source.get('key')) as TokenRecord);
    await target.compareAndSet(key, undefined, moved);
    const store = encryptedStore(target, { keys: [newKey] });
    await expect(store.get(key)).rejects.toMatchObject({ code: 'store_failed' });
  });

  test('lock and subscribe pass through where the store has them', async () => {
    expect(encryptedStore(memoryStore(), { keys: [newKey] })).not.toHaveProperty('lock');
    const inner = { ...leasedStore(memoryStore()), subscribe: () => () => {} };
    const store = encryptedStore(inner, { keys: [newKey] });
    expect(store.subscribe?.('key', () => {})).toBeTypeOf('function');
    const lease = await store.lock?.('key', { signal: new AbortController().signal });
    expect(lease?.held()).toBe(true);
    await lease?.release();
  });

  test.each<[string, unknown]>([
    ['none', []],
    ['no list', undefined],
    ['sixteen bytes', [new Uint8Array(16)]],
    ['a string', ['secret']],
    ['nothing', [undefined]],
  ])('keys: %s is refused', (_, keys) => {
    expect(() => encryptedStore(memoryStore(), { keys: keys as never })).toThrow('keys: expected');
  });
});

describe('leasedStore', () => {
  const leaseMs = 9_000;
  const { signal } = new AbortController();

  function setUp() {
    const clock = new ManualClock();
    const inner = memoryStore({ now: clock.now });
    let fail = false;
    const flaky: TokenStore = {
      get: (key) => inner.get(key),
      compareAndSet: (key, expectedId, next) => {
        if (fail) throw new Error('down');
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
        fail = value;
      },
    };
  }

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

  test('a dead holder is reclaimed after leaseMs on the waiter’s clock, whatever the wall clocks say', async () => {
    const { clock, inner, lock } = setUp();
    await inner.compareAndSet('key.lock', undefined, { id: 'dead', value: 'held' });
    const waiting = lock();
    clock.jump(24 * 3_600_000);
    await clock.advance(leaseMs - 200);
    expect((await inner.get('key.lock'))?.id).toBe('dead');
    await clock.advance(300);
    expect((await waiting).held()).toBe(true);
  });

  test('a renewal that hangs ends the lease in time, and release does not wait for it', async () => {
    const { clock, inner } = setUp();
    let hangs = false;
    const store = leasedStore(
      {
        get: (key) => inner.get(key),
        compareAndSet: (key, expectedId, next) =>
          hangs && next.value === 'held' ? new Promise(() => {}) : inner.compareAndSet(key, expectedId, next),
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

  test('a lease counts from when its renewal was asked for, not from when the answer came', async () => {
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
    // Asked for after a third of the lease, answered just in time, and the next one not at all.
    delayMs = leaseMs / 2;
    await clock.advance(leaseMs / 3 + leaseMs / 2);
    expect(lease.held()).toBe(true);
    delayMs = 10 * leaseMs;
    await clock.advance(leaseMs / 2);
    expect(lease.held()).toBe(false);
  });

  test('waiters that give up early leave what they saw to the next', { tags: ['fault-64'] }, async () => {
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

  test('a lease that was held for too long is given back all the same', async () => {
    const { clock, inner, lock } = setUp();
    const lease = await lock();
    clock.jump(leaseMs);
    expect(lease.held()).toBe(false);
    await lease.release();
    expect((await inner.get('key.lock'))?.value).toBe('free');
  });

  test('what an owner is known not to come back for is taken at once', async () => {
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

  test('a holder that cannot renew knows that it has lost the lease', async () => {
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

  test('a holder whose renewal failed once holds on', async () => {
    const { clock, lock, breakDown } = setUp();
    const lease = await lock();
    breakDown(true);
    await clock.advance(leaseMs / 3);
    breakDown(false);
    await clock.advance(10 * leaseMs);
    expect(lease.held()).toBe(true);
  });

  test('a renewal whose answer was lost is found to be done', async () => {
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

  test('a holder that slept past its lease does not believe in it', async () => {
    const { clock, lock } = setUp();
    const lease = await lock();
    clock.jump(leaseMs);
    expect(lease.held()).toBe(false);
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

  test('get, compareAndSet and subscribe are the store’s own', async () => {
    const { open, inner } = setUp();
    const store = open();
    expect(await store.compareAndSet('key', undefined, record('a'))).toBe(true);
    expect(await store.get('key')).toEqual(record('a'));
    expect(store).not.toHaveProperty('subscribe');
    expect(open({ ...inner, subscribe: () => () => {} }).subscribe?.('key', () => {})).toBeTypeOf('function');
  });

  test('a leaseMs that is no lease is refused', () => {
    for (const wrong of [0, 999, Number.NaN, 2 ** 31]) {
      expect(() => leasedStore(memoryStore(), { leaseMs: wrong })).toThrow('leaseMs: expected');
    }
  });
});
