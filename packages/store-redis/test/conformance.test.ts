import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthEvent, TokenRecord } from '@auth/core';
import { type TestFunction, tokenStoreSuite } from '@auth/testing/conformance';
import { processPeers } from '@auth/testing/processes';
import {
  type RedisNode,
  redisServer,
  startRedis,
  startRedisCluster,
  startRedisSentinel,
} from '@internal/test-tools';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RedisStore, redisStore } from '../src/index.js';
import { clusterLibraries, libraries, type OwnClient, sentinelLibraries } from './support/clients.js';
import { fewAtATime } from './support/few-at-a-time.js';
import { leaseMs } from './support/peer-store.js';

const { path } = redisServer();

// Every test has keys of its own, and its time passes in waiting: for leases, for processes, for clusters. So all of
// them run at once; on a busy machine the 30 processes that they start may take a while.
vi.setConfig({ maxConcurrency: 64, testTimeout: 60_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
const record = (id: string): TokenRecord => ({ id, value: `secret value of ${id}` });
const startPeer = processPeers(new URL('support/peer-store.ts', import.meta.url));
const compiled = join(tmpdir(), 'auth-store-redis-compiled');

/** Forking holds up the event loop that must renew leases meanwhile: few processes start at a time. */
const openPeer = fewAtATime(2, (peer: { place: string; library: string; port: number }) => {
  // The process is forked, with a copy of these, before another peer can change them.
  process.env['REDIS_LIBRARY'] = peer.library;
  process.env['REDIS_PORT'] = String(peer.port);
  process.env['NODE_COMPILE_CACHE'] = compiled;
  return startPeer(peer.place);
});

let server: RedisNode;
const clients = new Map<string, OwnClient>();

beforeAll(async () => {
  if (path === undefined) return;
  server = await startRedis();
  // The first client of a library takes a while to make, in which no lease must wait for its renewal.
  for (const [library, open] of Object.entries(libraries)) clients.set(library, await open(server.port));
});
afterAll(async () => {
  for (const { end } of clients.values()) await end();
  await server?.[Symbol.asyncDispose]();
});

describe.runIf(path).concurrent.each(Object.keys(libraries))('redisStore on %s', (library) => {
  let count = 0;
  /** A store with keys of its own. */
  const newStore = (): RedisStore => {
    const { client } = clients.get(library) as OwnClient;
    return redisStore({ client, prefix: `${library}-${count++}:`, leaseMs });
  };

  const promises: Parameters<TestFunction>[] = [];
  tokenStoreSuite((...promise) => promises.unshift(promise), newStore, {
    leaseMs,
    openPeer: (place) => openPeer({ place, library, port: server.port }),
  });
  // In reverse: those that wait for a dead holder's lease to end are the last of the suite, and are to start first.
  for (const [name, run] of promises) test(name, run);

  test('a lease lasts for as long as it is renewed', { tags: ['fault-14'] }, async () => {
    const store = newStore();
    const lease = await store.lock('key', { signal });
    const patience = AbortSignal.timeout(2 * leaseMs + 300);
    const outcome = await store.lock('key', { signal: patience }).catch(() => 'refused');
    expect(outcome).toBe('refused');
    expect(lease.held()).toBe(true);
    await lease.release();
  });
});

describe.runIf(path).concurrent('on a cluster', () => {
  test.each(Object.entries(clusterLibraries))('%s: records, leases and notifications', async (_, open) => {
    await using cluster = await startRedisCluster();
    const own = await open(cluster.nodes.map(({ port }) => port));
    const events: AuthEvent[] = [];
    await using store = redisStore({ client: own.client, onEvent: (event) => events.push(event) });
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
      '%s: a fail-over is one outage, and the record is on the new primary',
      async (_, open) => {
        await using sentinel = await startRedisSentinel();
        const own = await open(sentinel.ports, sentinel.name);
        const events: AuthEvent[] = [];
        await using store = redisStore({
          client: own.client,
          leaseMs,
          onEvent: (event) => events.push(event),
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
