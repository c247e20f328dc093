import { type AuthEvent, createAuthSession, type TokenRecord } from '@auth/core';
import { PGlite } from '@electric-sql/pglite';
import {
  type PostgresServer,
  postgresServer,
  startPgBouncer,
  startPostgres,
  startReplica,
} from '@internal/test-tools';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type PostgresStoreOptions, postgresStore, postgresTables } from '../src/index.js';
import { libraries, type OwnClient } from './support/clients.js';

const { path } = postgresServer();
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const { signal } = new AbortController();
const record = (id: string): TokenRecord => ({ id, value: `secret value of ${id}` });
const never = { query: async () => ({ rows: [] }) };

test.each([
  [undefined, 'client: expected a Pool or Client of pg'],
  [{}, 'client: expected'],
  [{ client: {} }, 'client: expected'],
  [{ client: never, table: 'tokens; drop' }, 'table: expected a name'],
  [{ client: never, table: 'Tokens' }, 'table: expected a name'],
  [{ client: never, leaseMs: 5 }, 'leaseMs: expected'],
])('wrong options are named', (options, message) => {
  expect(() => postgresStore(options as PostgresStoreOptions)).toThrow(message);
});

test('the tables are SQL for migrations, a name in them is checked', () => {
  expect(postgresTables()).toContain('CREATE TABLE IF NOT EXISTS auth_tokens (');
  expect(postgresTables('app.tokens')).toContain('CREATE TABLE IF NOT EXISTS app.tokens_leases (');
  expect(() => postgresTables('a b')).toThrow('table: expected');
});

test('two stores on one PGlite hear of each other', async () => {
  const database = await PGlite.create();
  const events: AuthEvent[] = [];
  {
    const options = { client: database, listen: database, onEvent: (event: AuthEvent) => events.push(event) };
    await using store = postgresStore(options);
    await using other = postgresStore(options);
    await store.migrate();
    const news: unknown[] = [];
    store.subscribe?.('key', (each) => news.push(each));
    await vi.waitFor(() => expect(news).toEqual(['missed']), 10_000);
    await store.compareAndSet('key', undefined, record('a'));
    await other.compareAndSet('key', 'a', record('b'));
    await vi.waitFor(() => expect(news).toEqual(['missed', undefined]), 10_000);
  }
  expect(events).toEqual([]);
  await database.close();
});

test('without listen nobody is told, and there is no subscribe', async () => {
  const asked: string[] = [];
  const client = { query: async (text: string) => ({ rows: asked.push(text) ? [{}] : [] }) };
  const store = postgresStore({ client });
  await store.compareAndSet('key', undefined, record('a'));
  await store.compareAndSet('key', 'a', record('b'));
  expect(asked.join()).not.toContain('pg_notify');
  expect(store).not.toHaveProperty('subscribe');
});

describe('migrate', () => {
  const failing = (...codes: string[]) => ({
    query: async () => {
      const code = codes.shift();
      if (code !== undefined) throw Object.assign(new Error('refused'), { code });
      return { rows: [] };
    },
  });

  test.each(['23505', '42P07', '42710'])(
    'goes on where another program makes the table (%s)',
    async (code) => {
      await postgresStore({ client: failing(code) }).migrate();
    },
  );

  test('rejects where the table cannot be made', async () => {
    const migrated = postgresStore({ client: failing('42501') }).migrate();
    await expect(migrated).rejects.toMatchObject({ code: '42501' });
  });
});

test('a listener that cannot be opened is one event, and is asked again', async () => {
  const events: AuthEvent[] = [];
  let asked = 0;
  const listen = () => {
    asked++;
    throw Object.assign(new Error('secret'), { code: 'ENOENT' });
  };
  await using store = postgresStore({ client: never, listen, onEvent: (event) => events.push(event) });
  store.subscribe?.('key', () => {});
  await vi.waitFor(() => expect(asked).toBeGreaterThan(1), 10_000);
  expect(events).toMatchObject([{ type: 'store_failed', operation: 'subscribe', reason: 'ENOENT' }]);
});

describe.runIf(path)('a server of its own', () => {
  let server: PostgresServer;
  let admin: pg.Pool;
  beforeAll(async () => {
    server = await startPostgres();
    admin = new pg.Pool({ connectionString: server.url });
    admin.on('error', () => {});
  });
  afterAll(async () => {
    await admin.end();
    await server[Symbol.asyncDispose]();
  });

  let count = 0;
  const newTable = (): string => `own_${count++}`;

  test('eight programs that make the tables at once all find them', async () => {
    const table = newTable();
    await Promise.all(Array.from({ length: 8 }, () => postgresStore({ client: admin, table }).migrate()));
    expect(await postgresStore({ client: admin, table }).get('key')).toBeUndefined();
  });

  test('the SQL for migrations makes what the store needs, in a schema too', async () => {
    await admin.query(`CREATE SCHEMA app; ${postgresTables('app.tokens')}`);
    const store = postgresStore({ client: admin, table: 'app.tokens' });
    expect(await store.compareAndSet('key', undefined, record('a'))).toBe(true);
    await (await store.lock('key', { signal })).release();
    expect(await store.get('key')).toEqual(record('a'));
  });

  test('data has a name, the same for all, until the table is emptied', { tags: ['fault-134'] }, async () => {
    const table = newTable();
    const store = postgresStore({ client: admin, table });
    await store.migrate();
    const names = Array.from({ length: 20 }, () => postgresStore({ client: admin, table }).dataId());
    const [name] = await Promise.all(names);
    expect(new Set(await Promise.all(names))).toEqual(new Set([name]));
    await admin.query(`TRUNCATE ${table}`);
    expect(await store.dataId()).not.toBe(name);
    expect(await store.dataId()).toBe(await store.dataId());
  });

  test('what no text of PostgreSQL can hold comes back as it was', async () => {
    const store = postgresStore({ client: admin, table: newTable() });
    await store.migrate();
    const odd = { id: 'a%0000\ud800', value: '\0 %0041 \udfff', evictAt: 1.5e15 + 0.25 };
    const key = `\0\ud800%\n'";--`;
    expect(await store.compareAndSet(key, undefined, odd)).toBe(true);
    expect(await store.get(key)).toEqual(odd);
    expect(await store.compareAndSet(key, odd.id, record('b'))).toBe(true);
    expect(await store.get(`${key}.`)).toBeUndefined();
  });

  test('a key that is too long for the index is an error, and changes nothing', async () => {
    const store = postgresStore({ client: admin, table: newTable() });
    await store.migrate();
    const key = Array.from({ length: 4_000 }, (_, index) =>
      String.fromCharCode(0x4e00 + ((index * 7919) % 20_000)),
    ).join('');
    await expect(store.compareAndSet(key, undefined, record('a'))).rejects.toMatchObject({ code: '54000' });
    expect(await store.get(key)).toBeUndefined();
  });

  test('a client of postgres.js that renames columns', async () => {
    const { default: postgres } = await import('postgres');
    for (const transform of [postgres.camel, postgres.pascal, postgres.kebab]) {
      const sql = postgres(server.url, { transform, onnotice: () => {} });
      const store = postgresStore({ client: sql, table: newTable() });
      await store.migrate();
      await store.compareAndSet('key', undefined, { ...record('a'), evictAt: 5 });
      expect(await store.get('key')).toEqual({ ...record('a'), evictAt: 5 });
      await sql.end();
    }
  });

  test('a table with a very long name is told of too', async () => {
    const table = `${'s'.repeat(41)}.${'t'.repeat(41)}`;
    await admin.query(`CREATE SCHEMA ${'s'.repeat(41)}`);
    const listen = () => new pg.Client(server.url);
    await using store = postgresStore({ client: admin, listen, table });
    await using other = postgresStore({ client: admin, listen, table });
    await store.migrate();
    const news: (string | undefined)[] = [];
    store.subscribe?.('key', (each) => news.push(each));
    await vi.waitFor(() => expect(news).toEqual(['missed']), 10_000);
    expect(await other.compareAndSet('key', undefined, record('a'))).toBe(true);
    await vi.waitFor(() => expect(news).toEqual(['missed', undefined]), 10_000);
  });

  test('a hundred updates of a record leave its table small', async () => {
    const table = newTable();
    const store = postgresStore({ client: admin, table });
    await store.migrate();
    await store.compareAndSet('key', undefined, record('0'));
    for (let update = 0; update < 100; update++) {
      const lease = await store.lock('key', { signal });
      await store.compareAndSet('key', String(update), record(String(update + 1)));
      await lease.release();
    }
    await admin.query('SELECT pg_stat_force_next_flush()').catch(() => {});
    await vi.waitFor(
      async () => {
        const { rows } = await admin.query(
          `SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname IN ($1, $2)`,
          [table, `${table}_leases`],
        );
        // Updates in place: no new entry in an index.
        for (const { n_tup_upd: updates, n_tup_hot_upd: inPlace } of rows) {
          expect(Number(updates)).toBeGreaterThanOrEqual(100);
          expect(Number(inPlace)).toBeGreaterThan(0.8 * Number(updates));
        }
        expect(rows).toHaveLength(2);
      },
      { timeout: 10_000, interval: 200 },
    );
  });

  test('who waits for a lease writes nothing while it is held', async () => {
    const table = newTable();
    const store = postgresStore({ client: admin, table });
    await store.migrate();
    const lease = await store.lock('key', { signal });
    const counted = async (): Promise<number> =>
      Number((await admin.query('SELECT txid_snapshot_xmax(txid_current_snapshot()) AS next')).rows[0].next);
    const before = await counted();
    const waiting = postgresStore({ client: admin, table }).lock('key', { signal });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await counted()) - before).toBeLessThanOrEqual(3);
    await lease.release();
    await (await waiting).release();
  });

  test.each(['repeatable read', 'serializable'])(
    'statements that meet under %s end as they should',
    async (level) => {
      const table = newTable();
      const client = new pg.Pool({
        connectionString: server.url,
        options: `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`,
      });
      const store = postgresStore({ client, table });
      await store.migrate();
      await store.compareAndSet('key', undefined, record('0'));
      for (let round = 0; round < 20; round++) {
        const writes = Array.from({ length: 10 }, () =>
          store.compareAndSet('key', `${round}`, record(`${round + 1}`)),
        );
        expect((await Promise.all(writes)).filter(Boolean)).toHaveLength(1);
      }
      const leases = Array.from({ length: 8 }, async () => {
        const lease = await store.lock('key', { signal });
        await lease.release();
      });
      await Promise.all(leases);
      await client.end();
    },
  );

  describe.each(Object.entries(libraries))('on %s', (_, open) => {
    let own: OwnClient;
    beforeAll(async () => {
      own = await open(server.url);
    });
    afterAll(() => own.end());

    test('disposed while it connects, a store leaves no connection behind', async () => {
      const listening = async (): Promise<number> => {
        const { rows } = await admin.query(`SELECT FROM pg_stat_activity WHERE query ILIKE 'listen%'`);
        return rows.length;
      };
      const before = await listening();
      const store = postgresStore({ ...own, table: newTable() });
      store.subscribe?.('key', () => {});
      await store[Symbol.asyncDispose]();
      await new Promise((resolve) => setTimeout(resolve, 300));
      // postgres.js keeps the connection that it listens on, until its own end.
      expect((await listening()) - before).toBeLessThanOrEqual('listen' in own.listen ? 1 : 0);
    });

    test('listeners hear of changes by others, not of their own, and of very long names', async () => {
      const table = newTable();
      await using store = postgresStore({ ...own, table });
      await using other = postgresStore({ ...own, table });
      await store.migrate();
      const news: (string | undefined)[] = [];
      const long = `${'k'.repeat(599)}🔑${'k'.repeat(2_000)}`;
      store.subscribe?.('key', (each) => news.push(each));
      store.subscribe?.(long, (each) => news.push(each));
      await vi.waitFor(() => expect(news).toEqual(['missed', 'missed']), 10_000);
      await store.compareAndSet('key', undefined, record('a'));
      await other.compareAndSet('another', undefined, record('a'));
      await other.compareAndSet('key', 'a', record('b'));
      await other.compareAndSet(long, undefined, record('b'));
      await vi.waitFor(() => expect(news).toEqual(['missed', 'missed', undefined, undefined]), 10_000);
      // A comparison that fails tells nobody.
      await other.compareAndSet('key', 'a', record('c'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(news).toHaveLength(4);
    });
  });
});

describe.runIf(path)('an outage', () => {
  test.each(Object.entries(libraries))(
    'of PostgreSQL, on %s: calls fail, then all goes on; listeners are told that they missed news',
    async (_, open) => {
      await using server = await startPostgres();
      const own = await open(server.url);
      const events: AuthEvent[] = [];
      await using store = postgresStore({ ...own, onEvent: (event) => events.push(event) });
      await store.migrate();
      await store.compareAndSet('key', undefined, record('a'));
      const lease = await store.lock('key', { signal });
      const news: (string | undefined)[] = [];
      store.subscribe?.('key', (each) => news.push(each));
      await vi.waitFor(() => expect(news).toEqual(['missed']), 10_000);
      await server.kill();
      await expect(Promise.race([store.get('key'), rejectsAfter(3_000)])).rejects.toThrow();
      await server.restart();
      await vi.waitFor(async () => expect(await store.get('key')).toEqual(record('a')), { timeout: 15_000 });
      await vi.waitFor(() => expect(news.length).toBeGreaterThan(1), { timeout: 15_000 });
      expect(new Set(news)).toEqual(new Set(['missed']));
      // The lease was saved too, and is the holder's still.
      expect(lease.held()).toBe(true);
      await lease.release();
      await (await store.lock('key', { signal })).release();
      for (const event of events)
        expect(event).toMatchObject({ type: 'store_failed', operation: 'subscribe' });
      await store[Symbol.asyncDispose]();
      await own.end();
    },
  );

  test('a fail-over to a replica that takes no writes: an error by its code, and nothing is sent or lost', async () => {
    await using primary = await startPostgres();
    const writer = new pg.Pool({ connectionString: primary.url });
    const before = postgresStore({ client: writer });
    await before.migrate();
    const provider = (issue: () => void) => ({
      name: 'counted',
      issuer: 'https://auth.example.com',
      account: 'ada',
      allowedOrigins: ['https://api.example.com'],
      prepareLogin: () => ({
        secrets: ['x'],
        login: async () => {
          issue();
          return { accessToken: 'access-1', expiresInMs: 3_600_000 };
        },
      }),
    });
    let issued = 0;
    const first = createAuthSession(
      provider(() => issued++),
      { store: before },
    );
    await first.getTokens();
    first.dispose();
    await using replica = await startReplica(primary);
    await writer.end();
    await primary.kill();
    const reader = new pg.Pool({ connectionString: replica.url });
    const events: AuthEvent[] = [];
    const session = createAuthSession(
      provider(() => issued++),
      {
        store: postgresStore({ client: reader }),
        onEvent: (event) => events.push(event),
      },
    );
    // The stored token is served.
    expect((await session.getTokens()).accessToken).toBe('access-1');
    await expect(session.getTokens({ forceRefresh: true })).rejects.toMatchObject({ code: 'store_failed' });
    expect(events).toContainEqual(expect.objectContaining({ type: 'store_failed', reason: '25006' }));
    expect(issued).toBe(1);
    session.dispose();
    await reader.end();
  });

  test('a restart of PgBouncer is survived', async () => {
    await using server = await startPostgres();
    await using bouncer = await startPgBouncer(server);
    const pool = new pg.Pool({ connectionString: bouncer.url, max: 3 });
    pool.on('error', () => {});
    const store = postgresStore({ client: pool });
    await store.migrate();
    await store.compareAndSet('key', undefined, record('a'));
    await bouncer.kill();
    await expect(store.get('key')).rejects.toThrow();
    await bouncer.restart();
    await vi.waitFor(async () => expect(await store.get('key')).toEqual(record('a')), { timeout: 10_000 });
    await pool.end();
  });
});

function rejectsAfter(ms: number): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error('no answer')), ms));
}
