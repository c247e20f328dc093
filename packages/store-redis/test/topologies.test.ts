import type { AuthEvent, TokenRecord } from '@auth/core';
import { type RedisNode, redisServer, startRedisCluster, startRedisSentinel } from '@internal/test-tools';
import { Redis } from 'ioredis';
import { describe, expect, test, vi } from 'vitest';
import { redisStore } from '../src/index.js';
import { clusterLibraries, sentinelLibraries } from './support/clients.js';
import { leaseMs } from './support/peer-store.js';

const { path } = redisServer();

// Every test has servers of its own, and its time passes in waiting for them.
vi.setConfig({ maxConcurrency: 64, testTimeout: 60_000 });

const { signal } = new AbortController();
/** Collects events, but for what these servers are told of: they keep nothing on a disk. */
const outages =
  (events: AuthEvent[]) =>
  (event: AuthEvent): void => {
    if (event.type !== 'store_degraded') events.push(event);
  };
const record = (id: string): TokenRecord => ({ id, value: `secret value of ${id}` });

describe.runIf(path).concurrent('on a cluster', () => {
  test.each(Object.entries(clusterLibraries))('%s: records, leases and notifications', async (_, open) => {
    await using cluster = await startRedisCluster();
    const own = await open(cluster.nodes.map(({ port }) => port));
    const events: AuthEvent[] = [];
    await using store = redisStore({ client: own.client, onEvent: outages(events) });
    let heard = 0;
    store.subscribe('key', () => heard++);
    await vi.waitFor(() => expect(heard).toBeGreaterThan(0), { timeout: 5_000 });
    expect(await store.compareAndSet('key', undefined, record('a'))).toBe(true);
    expect(await store.compareAndSet('key', undefined, record('b'))).toBe(false);
    expect(await store.get('key')).toEqual(record('a'));
    const lease = await store.lock('key', { signal });
    await using other = redisStore({ client: own.client });
    await expect(other.lock('key', { signal: AbortSignal.timeout(100) })).rejects.toThrow();
    await lease.release();
    let before = heard;
    await other.compareAndSet('key', 'a', record('b'));
    await vi.waitFor(() => expect(heard).toBeGreaterThan(before), { timeout: 5_000 });
    await cluster.kill();
    await vi.waitFor(() => expect(events).toHaveLength(1), { timeout: 5_000 });
    before = heard;
    await cluster.restart();
    // What was published meanwhile went by unheard: the store tells its listeners to look.
    await vi.waitFor(() => expect(heard).toBeGreaterThan(before), { timeout: 10_000 });
    expect(events).toMatchObject([{ type: 'store_failed', operation: 'subscribe' }]);
    await store[Symbol.asyncDispose]();
    await own.end();
  });

  test.each(Object.entries(clusterLibraries))(
    '%s: the names of an account lie on one node, of three',
    async (_, open) => {
      await using cluster = await startRedisCluster();
      const own = await open(cluster.nodes.map(({ port }) => port));
      await using store = redisStore({ client: own.client });
      await using other = redisStore({ client: own.client });
      // Sixty-four names: each node has some of them.
      const keys = Array.from({ length: 64 }, (_each, index) => `account ${index}`);
      let heard = 0;
      for (const key of keys) store.subscribe(key, (news) => (heard += news === undefined ? 1 : 0));
      await new Promise((resolve) => setTimeout(resolve, 500));
      const exchange = async (key: string): Promise<boolean> => {
        const lease = await other.lock(key, { signal });
        const isSet = await other.compareAndSet(key, undefined, record(key));
        await lease.release();
        return isSet;
      };
      expect(await Promise.all(keys.map(exchange))).toEqual(keys.map(() => true));
      expect(await Promise.all(keys.map((key) => store.get(key)))).toEqual(keys.map(record));
      await vi.waitFor(() => expect(heard).toBe(keys.length), { timeout: 5_000 });
      await own.end();
    },
  );
});

describe.runIf(path).concurrent('a node of the cluster that carries the subscription', () => {
  /** How many subscriptions a node carries. */
  const subscriptions = async (node: RedisNode): Promise<number> => {
    const admin = new Redis(node.port, '127.0.0.1');
    const clients = String(await admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).trim();
    admin.disconnect();
    return clients === '' ? 0 : clients.split('\n').length;
  };

  test.each(Object.entries(clusterLibraries))(
    '%s: goes away: another node carries it, and listeners are told that they missed news',
    async (_, open) => {
      await using cluster = await startRedisCluster();
      const own = await open(cluster.nodes.map(({ port }) => port));
      await using store = redisStore({ client: own.client });
      await using other = redisStore({ client: own.client });
      const news: (string | undefined)[] = [];
      store.subscribe('key', (each) => news.push(each));
      await vi.waitFor(() => expect(news).toEqual(['missed']), { timeout: 5_000 });
      const counts = await Promise.all(cluster.nodes.map(subscriptions));
      expect(counts.toSorted()).toEqual([0, 0, 1]);
      const carrier = cluster.nodes[counts.indexOf(1)] as RedisNode;
      await carrier.kill();
      await vi.waitFor(() => expect(news).toEqual(['missed', 'missed']), { timeout: 20_000 });
      await carrier.restart();
      await vi.waitFor(
        async () => {
          await other.compareAndSet('key', (await other.get('key'))?.id, record(String(news.length)));
          expect(news).toContain(undefined);
        },
        { timeout: 30_000, interval: 300 },
      );
      await store[Symbol.asyncDispose]();
      await own.end();
    },
  );
});

describe.runIf(path).concurrent(
  'with sentinels',
  () => {
    test.each(Object.entries(sentinelLibraries))(
      '%s: a subscription that the primary ends is made again, and listeners are told that they missed news',
      async (_, open) => {
        await using sentinel = await startRedisSentinel();
        const own = await open(sentinel.ports, sentinel.name);
        await using store = redisStore({ client: own.client });
        const news: (string | undefined)[] = [];
        store.subscribe('key', (each) => news.push(each));
        await vi.waitFor(() => expect(news).toEqual(['missed']), { timeout: 5_000 });
        const sentinels = sentinel.ports.map((port) => ({ host: '127.0.0.1', port }));
        const admin = new Redis({ sentinels, name: sentinel.name });
        await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await vi.waitFor(() => expect(news.length).toBeGreaterThan(1), { timeout: 10_000 });
        expect(new Set(news)).toEqual(new Set(['missed']));
        const other = redisStore({ client: own.client });
        await vi.waitFor(
          async () => {
            await other.compareAndSet('key', (await other.get('key'))?.id, record(String(news.length)));
            expect(news).toContain(undefined);
          },
          { timeout: 10_000, interval: 200 },
        );
        admin.disconnect();
        await store[Symbol.asyncDispose]();
        await own.end();
      },
    );

    test.each(Object.entries(sentinelLibraries))(
      '%s: changes are heard although the first sentinel is away, over one connection',
      async (_, open) => {
        await using sentinel = await startRedisSentinel();
        const own = await open(sentinel.ports, sentinel.name);
        await sentinel.killFirstSentinel();
        await using store = redisStore({ client: own.client });
        await using other = redisStore({ client: own.client });
        const news: (string | undefined)[] = [];
        store.subscribe('key', (each) => news.push(each));
        await vi.waitFor(() => expect(news).toEqual(['missed']), { timeout: 10_000 });
        await other.compareAndSet('key', undefined, record('a'));
        await vi.waitFor(() => expect(news).toEqual(['missed', undefined]), { timeout: 10_000 });
        const admin = new Redis(sentinel.primaryPort, '127.0.0.1');
        expect(await admin.pubsub('NUMSUB', 'auth:changes')).toEqual(['auth:changes', 1]);
        admin.disconnect();
        await own.end();
      },
    );

    test.each(Object.entries(sentinelLibraries))(
      '%s: disposed while it connects, a store leaves no subscription behind',
      async (_, open) => {
        await using sentinel = await startRedisSentinel();
        const own = await open(sentinel.ports, sentinel.name);
        for (const turns of [0, 1, 3, 10]) {
          const store = redisStore({ client: own.client });
          store.subscribe('key', () => {});
          for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
          await store[Symbol.asyncDispose]();
        }
        await new Promise((resolve) => setTimeout(resolve, 500));
        const admin = new Redis(sentinel.primaryPort, '127.0.0.1');
        expect(await admin.pubsub('NUMSUB', 'auth:changes')).toEqual(['auth:changes', 0]);
        admin.disconnect();
        await own.end();
      },
    );

    test.each(Object.entries(sentinelLibraries))(
      '%s: a fail-over is one outage, and the record is on the new primary',
      async (_, open) => {
        await using sentinel = await startRedisSentinel();
        const own = await open(sentinel.ports, sentinel.name);
        const events: AuthEvent[] = [];
        await using store = redisStore({
          client: own.client,
          leaseMs,
          onEvent: outages(events),
        });
        const news: (string | undefined)[] = [];
        store.subscribe('key', (each) => news.push(each));
        await vi.waitFor(() => expect(news).toEqual(['missed']), { timeout: 5_000 });
        expect(await store.compareAndSet('key', undefined, record('a'))).toBe(true);
        await new Promise((resolve) => setTimeout(resolve, 200));
        await sentinel.killPrimary();
        await sentinel.failedOver();
        await vi.waitFor(async () => expect(await store.get('key')).toEqual(record('a')), {
          timeout: 20_000,
        });
        await vi.waitFor(() => expect(news).toContain('missed'), { timeout: 20_000 });
        await using other = redisStore({ client: own.client, leaseMs });
        const lease = await other.lock('key', { signal });
        const before = news.length;
        await vi.waitFor(
          async () => {
            const { id } = (await other.get('key')) as TokenRecord;
            await other.compareAndSet('key', id, record(`${id}.`));
            expect(news.slice(before)).toContain(undefined);
          },
          { timeout: 20_000, interval: 300 },
        );
        await lease.release();
        expect(events.filter(({ type }) => type !== 'store_failed')).toEqual([]);
        await store[Symbol.asyncDispose]();
        await own.end();
      },
    );
  },
  60_000,
);
