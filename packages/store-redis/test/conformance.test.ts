import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthEvent, TokenRecord } from '@auth/core';
import { type TestFunction, tokenStoreSuite } from '@auth/testing/conformance';
import { processPeers } from '@auth/testing/processes';
import { type RedisServer, redisServer, startRedis } from '@internal/test-tools';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RedisStore, redisStore } from '../src/index.js';
import { clusterLibraries, libraries, type OwnClient } from './support/clients.js';
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

let server: RedisServer;
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
    await using server = await startRedis({ isCluster: true });
    const own = await open(server.port);
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
    await server.kill();
    await vi.waitFor(() => expect(events).toHaveLength(1), { timeout: 5_000 });
    before = heard;
    await server.restart();
    // What was published meanwhile went by unheard: the store tells its listeners to look.
    await vi.waitFor(() => expect(heard).toBeGreaterThan(before), { timeout: 10_000 });
    expect(events).toMatchObject([{ type: 'store_failed', operation: 'subscribe' }]);
    await store[Symbol.asyncDispose]();
    await own.end();
  });
});
