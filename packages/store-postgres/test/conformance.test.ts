import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestFunction, tokenStoreSuite } from '@auth/testing/conformance';
import { processPeers } from '@auth/testing/processes';
import { PGlite } from '@electric-sql/pglite';
import { type PostgresServer, postgresServer, startPgBouncer, startPostgres } from '@internal/test-tools';
import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import { type PostgresStore, type PostgresStoreOptions, postgresStore } from '../src/index.js';
import { libraries, type OwnClient } from './support/clients.js';
import { leaseMs } from './support/peer-store.js';

const { path } = postgresServer();

// Every test has a table of its own, and its time passes in waiting: for leases and for processes.
vi.setConfig({ maxConcurrency: 16, testTimeout: 60_000, hookTimeout: 60_000 });

let server: PostgresServer;
let bouncer: PostgresServer;
beforeAll(async () => {
  if (path === undefined) return;
  server = await startPostgres();
  bouncer = await startPgBouncer(server);
});
afterAll(async () => {
  await bouncer?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

let count = 0;
/** A store with a table of its own. */
async function newStore(options: Omit<PostgresStoreOptions, 'table' | 'leaseMs'>): Promise<PostgresStore> {
  const store = postgresStore({ ...options, table: `tokens_${count++}`, leaseMs });
  await store.migrate();
  return store;
}

const startPeer = processPeers(new URL('support/peer-store.ts', import.meta.url));

/** One library in `check`, all in `check:all`. */
const tagsOf = (library: string): string[] => (library === 'pg' ? [] : ['long']);

for (const [library, open] of Object.entries(libraries))
  describe.runIf(path).concurrent(`postgresStore on ${library}`, { tags: tagsOf(library) }, () => {
    let own: OwnClient;
    let pooled: OwnClient;
    beforeAll(async () => {
      [own, pooled] = await Promise.all([open(server.url), open(bouncer.url, true)]);
    });
    afterAll(async () => {
      await Promise.all([own?.end(), pooled?.end()]);
    });

    describe('which hears of changes', () => {
      const promises: Parameters<TestFunction>[] = [];
      tokenStoreSuite(
        (...promise) => promises.unshift(promise),
        () => newStore(own),
        {
          leaseMs,
          openPeer: (place) => {
            // The process is forked, with a copy of these, before another peer can change them.
            process.env['POSTGRES_LIBRARY'] = library;
            process.env['POSTGRES_URL'] = server.url;
            process.env['NODE_COMPILE_CACHE'] = join(tmpdir(), 'auth-store-postgres-compiled');
            return startPeer(place);
          },
        },
      );
      // In reverse: those that wait for a dead holder's lease to end are the last of the suite, and are to start first.
      for (const [name, run] of promises) test(name, run);
    });

    describe('through PgBouncer in transaction mode', () => {
      tokenStoreSuite(test, () => newStore({ client: pooled.client }), { leaseMs });
    });
  });

describe('postgresStore on PGlite', () => {
  let database: PGlite;
  beforeAll(async () => {
    database = await PGlite.create();
  });
  afterAll(() => database.close());

  tokenStoreSuite(test, () => newStore({ client: database, listen: database }), { leaseMs });
});
