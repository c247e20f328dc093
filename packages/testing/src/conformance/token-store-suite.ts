import type { MaybePromise, TokenRecord, TokenStore } from '@auth/core';
import { severalPeers } from './several-peers.js';
import type { StorePeer } from './store-peer.js';
import { check, same, type TestFunction } from './test-function.js';

/** What else the suite needs to test leases and several processes. */
export interface TokenStoreSuiteOptions {
  /** How long a lease outlives its last renewal, milliseconds: make it short. Absent: no test waits for that. */
  readonly leaseMs?: number | undefined;
  /**
   * Opens another process, or tab, on the data of a place that starts empty, as `processPeers` from
   * `@auth/testing/processes` does. Absent: the suite stays in one process.
   */
  readonly openPeer?: ((place: string) => Promise<StorePeer>) | undefined;
}

/** A lock that nobody holds is granted sooner. */
const patienceMs = 5_000;

/** Keys that a careless encoding mixes up. */
const awkwardKeys = [
  '../x',
  '..%2Fx',
  'a/b',
  'a_b',
  'a:b',
  'A/b',
  'ä',
  'a\u0308',
  '__proto__',
  'constructor',
  '["joor","https://atlas.example/auth/","{\\"username\\":\\"ada\\"}"]',
  'k'.repeat(300),
  `${'k'.repeat(299)}K`,
];

const awkwardValues = ['', '{"v":1}', 'line\nbreak\u0000 and "quotes"', 'ünïcödé 🗝️', 'x'.repeat(20_000)];

/** Keys that a careless store keeps the lock of `account` under. */
const lockLikeKeys = [
  'account.lock',
  'account.lock.',
  'account:lock',
  'lock:account',
  'lock',
  'account.lock.lock',
];

/**
 * Tests what every token store must do, one test per guarantee. If the store has `lock`, that is tested too.
 *
 * @param createStore returns an empty store; called once per test. A disposable store is disposed after its test.
 */
export function tokenStoreSuite(
  test: TestFunction,
  createStore: () => MaybePromise<TokenStore>,
  options: TokenStoreSuiteOptions = {},
): void {
  onePeer(test, createStore, options);
  if (options.openPeer !== undefined) severalPeers(test, options.openPeer, options.leaseMs);
}

function onePeer(
  test: TestFunction,
  createStore: () => MaybePromise<TokenStore>,
  { leaseMs }: TokenStoreSuiteOptions,
): void {
  const guarantee = (name: string, verify: (store: TokenStore) => Promise<void>): void => {
    test(`token store: ${name}`, async () => {
      const store = await createStore();
      try {
        await verify(store);
      } finally {
        const { [Symbol.asyncDispose]: disposeAsync, [Symbol.dispose]: dispose } = store as Partial<
          AsyncDisposable & Disposable
        >;
        if (disposeAsync !== undefined) await disposeAsync.call(store);
        else dispose?.call(store);
      }
    });
  };

  guarantee('an unknown key holds nothing', async (store) => {
    same(await store.get('nobody'), undefined, 'get');
  });

  guarantee('a record comes back as it was put', async (store) => {
    for (const [index, value] of awkwardValues.entries()) {
      const next = record(`id-${index}`, value);
      check(await store.compareAndSet(`key-${index}`, undefined, next), 'the first write must succeed');
      same(await store.get(`key-${index}`), next, 'get');
    }
  });

  guarantee('a record of a megabyte comes back, or is refused and changes nothing', async (store) => {
    await store.compareAndSet('key', undefined, record('a'));
    const large = record('b', 'x'.repeat(1_000_000));
    const isSet = await (async () => store.compareAndSet('key', 'a', large))().catch(() => false);
    same(await store.get('key'), isSet ? large : record('a'), 'get');
  });

  guarantee('evictAt comes back as it was given, or not at all', async (store) => {
    const evictAt = Date.now() + 3_600_123;
    await store.compareAndSet('with', undefined, { ...record('a'), evictAt });
    await store.compareAndSet('without', undefined, record('b'));
    same((await store.get('with'))?.evictAt, evictAt, 'evictAt');
    check((await store.get('without'))?.evictAt === undefined, 'evictAt must stay absent');
  });

  guarantee('compareAndSet replaces the record with the expected id', async (store) => {
    await store.compareAndSet('key', undefined, record('a'));
    check(await store.compareAndSet('key', 'a', record('b')), 'the id matches: expected true');
    same(await store.get('key'), record('b'), 'get');
  });

  guarantee('compareAndSet changes nothing where another record stands', async (store) => {
    await store.compareAndSet('key', undefined, record('a'));
    check(!(await store.compareAndSet('key', 'other', record('b'))), 'another id: expected false');
    check(!(await store.compareAndSet('key', undefined, record('c'))), 'a record stands: expected false');
    same(await store.get('key'), record('a'), 'get');
  });

  guarantee('compareAndSet changes nothing where the expected record is gone', async (store) => {
    check(!(await store.compareAndSet('key', 'a', record('b'))), 'no record: expected false');
    same(await store.get('key'), undefined, 'get');
  });

  guarantee('of many writers that expect the same record one wins', async (store) => {
    await store.compareAndSet('key', undefined, record('start'));
    const ids = Array.from({ length: 20 }, (_, index) => `id-${index}`);
    const wins = await Promise.all(ids.map(async (id) => store.compareAndSet('key', 'start', record(id))));
    same(wins.filter(Boolean).length, 1, 'winners');
    same((await store.get('key'))?.id, ids[wins.indexOf(true)], 'the record is the winner');
  });

  guarantee('its data, where it has a name, keeps that name whatever is written', async (store) => {
    const name = await store.dataId?.();
    if (name === undefined) return;
    check(typeof name === 'string' && name !== '', 'the name is no text');
    const next = record('a');
    await store.compareAndSet('data-id', undefined, next);
    same([await store.dataId?.(), await store.get('data-id')], [name, next], 'the name, and a record');
  });

  guarantee('keys are kept apart', async (store) => {
    await Promise.all(
      awkwardKeys.map(async (key, index) => store.compareAndSet(key, undefined, record(`id-${index}`))),
    );
    for (const [index, key] of awkwardKeys.entries()) {
      same((await store.get(key))?.id, `id-${index}`, `record of ${JSON.stringify(key.slice(0, 40))}`);
    }
  });

  guarantee('a lock, where there is one, excludes until it is released', async (store) => {
    if (store.lock === undefined) return;
    const { signal } = new AbortController();
    const first = await store.lock('key', { signal });
    check(first.held(), 'a lease just taken is held');
    let granted = false;
    const waiting = store.lock('key', { signal }).then((lease) => {
      granted = true;
      return lease;
    });
    const other = await store.lock('another key', { signal });
    await other.release();
    await new Promise((resolve) => setTimeout(resolve, 150));
    check(!granted, 'the second lease was granted while the first was held');
    await first.release();
    const second = await waiting;
    check(!first.held(), 'a lease given back is not held');
    check(second.held(), 'the next lease is held');
    await first.release();
    check(second.held(), 'releasing twice takes nothing from the next holder');
    await second.release();
  });

  guarantee('a lock, where there is one, is not kept where a record is', async (store) => {
    if (store.lock === undefined) return;
    const lease = await store.lock('account', { signal: never() });
    for (const key of lockLikeKeys) {
      same(await store.get(key), undefined, `get of ${key} while account is locked`);
      check(await store.compareAndSet(key, undefined, record(key)), `the first write to ${key} must succeed`);
    }
    check(lease.held(), 'a record leaves the lease as it is');
    await lease.release();
    for (const key of lockLikeKeys)
      same(await store.get(key), record(key), `get of ${key} after the release`);
    const again = await store.lock('account', { signal: AbortSignal.timeout(patienceMs) });
    check(again.held(), 'a record is no lease');
    await again.release();
  });

  guarantee('waiting for a lock, where there is one, ends when the signal aborts', async (store) => {
    if (store.lock === undefined) return;
    const held = await store.lock('key', { signal: new AbortController().signal });
    const controller = new AbortController();
    const outcome = store.lock('key', { signal: controller.signal }).then(
      () => 'granted',
      () => 'rejected',
    );
    controller.abort();
    same(await outcome, 'rejected', 'a wait whose signal aborts');
    await held.release();
    const next = await store.lock('key', { signal: new AbortController().signal });
    check(next.held(), 'the wait that ended left no lock behind');
    await next.release();
  });

  guarantee('a lock, where there is one, is granted to one waiter at a time', async (store) => {
    if (store.lock === undefined) return;
    let inside = 0;
    let most = 0;
    const pass = async (): Promise<void> => {
      const lease = await (store.lock as NonNullable<TokenStore['lock']>)('key', { signal: never() });
      most = Math.max(most, ++inside);
      check(!lease.lost.aborted, 'a lease that is held is not lost');
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside--;
      await lease.release();
    };
    await Promise.all(Array.from({ length: 8 }, pass));
    same(most, 1, 'holders at a time');
  });

  if (leaseMs === undefined) return;
  guarantee('a lease is renewed for as long as it is needed', async (store) => {
    if (store.lock === undefined) return;
    const lease = await store.lock('key', { signal: never() });
    const patience = AbortSignal.timeout(leaseMs * 1.8);
    const outcome = await store.lock('key', { signal: patience }).then(
      () => 'granted',
      () => 'refused',
    );
    same(outcome, 'refused', 'a second lease, while the first is renewed');
    check(lease.held(), 'a renewed lease is held');
    await lease.release();
  });
}

/** A signal that never aborts. */
function never(): AbortSignal {
  return new AbortController().signal;
}

function record(id: string, value = `value of ${id}`): TokenRecord {
  return { id, value };
}
