import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestFunction, tokenStoreSuite } from '@auth/testing/conformance';
import { processPeers } from '@auth/testing/processes';
import { type RedisNode, redisServer, startRedis } from '@internal/test-tools';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RedisStore, redisStore } from '../src/index.js';
import { libraries, type OwnClient } from './support/clients.js';
import { fewAtATime } from './support/few-at-a-time.js';
import { leaseMs } from './support/peer-store.js';

const { path } = redisServer();

// Every test has keys of its own, and its time passes in waiting: for leases and for processes. So all of
// them run at once; on a busy machine the 30 processes that they start may take a while.
vi.setConfig({ maxConcurrency: 64, testTimeout: 60_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
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

/** One library in `check`, all in `check:all`. */
const tagsOf = (library: string): string[] => (library === 'ioredis' ? [] : ['long']);

for (const library of Object.keys(libraries))
  describe.runIf(path).concurrent(`redisStore on ${library}`, { tags: tagsOf(library) }, () => {
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
