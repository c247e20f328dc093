import { postgresServer, startPgBouncer, startPostgres } from '@internal/test-tools';
import { Pool } from 'pg';
import { describe, expect, type MockInstance, test, vi } from 'vitest';
import { pgBossQueue } from '../src/index.js';
import { Statements } from '../src/statements.js';

const { path } = postgresServer();

async function scene() {
  const server = await startPostgres();
  const pool = new Pool({ connectionString: server.url });
  return {
    pool,
    server,
    async [Symbol.asyncDispose]() {
      await pool.end();
      await server[Symbol.asyncDispose]();
    },
  };
}

test.for([
  ['pool', { pool: {} }],
  ['name', { name: 'a b' }],
  ['name', { name: '' }],
  ['schema', { schema: 'a"b' }],
] as const)('a wrong %s is refused by name: %j', ([option, wrong]) => {
  const pool = { query: async () => ({ rows: [] }) };
  expect(() => pgBossQueue({ pool, ...wrong } as never)).toThrow(
    expect.objectContaining({ code: 'invalid_options', detail: expect.stringMatching(option) }),
  );
});

describe.runIf(path)('on a PostgreSQL', () => {
  test('an open that fails leaves nothing behind: no timers, and no statement after the end', async () => {
    await using own = await scene();
    await pgBossQueue({ pool: own.pool, name: 'other' }).put([]);
    const asked: string[] = [];
    // A role that may not make the queue.
    const pool = {
      query: async (text: string, values?: unknown[]) => {
        asked.push(text);
        if (/create_queue/.test(text)) throw Object.assign(new Error('no'), { code: '42501' });
        return own.pool.query(text, values);
      },
    };
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const queue = pgBossQueue({ pool, name: 'mine' } as never);
    await expect(queue.put([{ v: 1, ref: 'a', at: 0 }])).rejects.toMatchObject({ code: 'queue_unavailable' });
    const before = timers();
    const attempts = 12;
    for (let attempt = 0; attempt < attempts; attempt++)
      await queue.put([{ v: 1, ref: 'a', at: 0 }]).catch(() => {});
    // A connection that lies idle in the pool has a timer too.
    expect(timers()).toBeLessThan(before + attempts);
    await queue.close();
    asked.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(asked).toEqual([]);
  });

  test('the pool is not ended, and a closed queue says so', async () => {
    await using own = await scene();
    const queue = pgBossQueue({ pool: own.pool, schema: 'jobs' });
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    await queue.close();
    expect((await own.pool.query('SELECT count(*)::int AS jobs FROM jobs.job')).rows).toEqual([{ jobs: 1 }]);
    await expect(queue.remove(['a'])).rejects.toMatchObject({ code: 'disposed' });
    expect(own.pool.listenerCount('error')).toBe(0);
  });

  test('of two jobs of an account in one put the last stands', async () => {
    await using own = await scene();
    const queue = pgBossQueue({ pool: own.pool });
    const ran: string[] = [];
    await queue.put([
      { v: 1, ref: 'a', at: Date.now() },
      { v: 1, ref: 'a', at: Date.now() + 600_000 },
      { v: 1, ref: 'b', at: Date.now() },
    ]);
    const work = queue.work(
      async ({ ref }) => {
        ran.push(ref);
        return {};
      },
      { concurrency: 4, onError: () => {} },
    );
    await vi.waitFor(() => expect(ran).toEqual(['b']), 10_000);
    await work.close({ timeoutMs: 1_000 });
    const { rows } = await own.pool.query(`SELECT data->>'ref' AS ref FROM pgboss.job`);
    expect(rows).toEqual([{ ref: 'a' }]);
    await queue.close();
  });

  test('a job that was removed while its worker died is ended and not run', async () => {
    await using own = await scene();
    const queue = pgBossQueue({ pool: own.pool });
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    await own.pool.query(`UPDATE pgboss.job SET data = data || '{"removed": true}'`);
    const run = vi.fn(async () => ({}));
    const work = queue.work(run, { concurrency: 1, onError: () => {} });
    await vi.waitFor(
      async () => expect((await own.pool.query('SELECT 1 FROM pgboss.job')).rows).toEqual([]),
      5_000,
    );
    expect(run).not.toHaveBeenCalled();
    await work.close({ timeoutMs: 1_000 });
    await queue.close();
  });

  test('a worker that is closed twice at once ends when its runs have', async () => {
    await using own = await scene();
    const queue = pgBossQueue({ pool: own.pool });
    const [begun, ending] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const run = async () => {
      begun.resolve();
      await ending.promise;
      return {};
    };
    const work = queue.work(run, { concurrency: 1, onError: () => {} });
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    await begun.promise;
    const startedAt = performance.now();
    const closes = [work.close({ timeoutMs: 30_000 }), work.close({ timeoutMs: 30_000 })];
    setImmediate(ending.resolve);
    await Promise.all(closes);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    await queue.close();
  });

  test('nothing of the error of a run is kept', async () => {
    await using own = await scene();
    const queue = pgBossQueue({ pool: own.pool });
    const told = Promise.withResolvers<unknown>();
    const work = queue.work(
      async () => {
        throw new Error('password=hunter2');
      },
      { concurrency: 1, onError: told.resolve },
    );
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    await told.promise;
    await work.close({ timeoutMs: 1_000 });
    const { rows } = await own.pool.query('SELECT * FROM pgboss.job');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain('hunter2');
    await queue.close();
  });

  test('where the schema cannot be made, calls and the worker say so', async () => {
    await using own = await scene();
    await own.pool.query('CREATE ROLE reader LOGIN; REVOKE CREATE ON DATABASE postgres FROM PUBLIC');
    const pool = new Pool({ connectionString: own.server.url.replace('postgres@', 'reader@') });
    const queue = pgBossQueue({ pool });
    await expect(queue.put([{ v: 1, ref: 'a', at: 0 }])).rejects.toMatchObject({
      code: 'queue_unavailable',
      detail: 'pg-boss: 42501',
    });
    const told = Promise.withResolvers<unknown>();
    const work = queue.work(async () => ({}), { concurrency: 1, onError: told.resolve });
    await expect(told.promise).resolves.toMatchObject({ code: '42501' });
    await work.close({ timeoutMs: 1_000 });
    await queue.close();
    await pool.end();
  });

  test('a run whose end cannot be saved is told, and comes back as that of a dead worker', async () => {
    await using own = await scene();
    const queue = pgBossQueue({ pool: own.pool });
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    const told = Promise.withResolvers<unknown>();
    const work = queue.work(
      async () => {
        await own.pool.query('ALTER TABLE pgboss.job RENAME TO elsewhere');
        return {};
      },
      { concurrency: 1, onError: told.resolve },
    );
    await expect(told.promise).resolves.toMatchObject({ code: '42P01' });
    await work.close({ timeoutMs: 1_000 });
    await own.pool.query('ALTER TABLE pgboss.elsewhere RENAME TO job');
    expect((await own.pool.query('SELECT state FROM pgboss.job')).rows).toEqual([{ state: 'active' }]);
    await queue.close();
  });

  test('a role that may make nothing works where the owner has made it all', async () => {
    await using own = await scene();
    await own.pool.query('CREATE ROLE app LOGIN; REVOKE CREATE ON DATABASE postgres FROM PUBLIC');
    const owner = pgBossQueue({ pool: own.pool });
    await owner.put([]);
    await own.pool.query('GRANT USAGE ON SCHEMA pgboss TO app');
    await own.pool.query('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgboss TO app');
    await owner.close();
    const pool = new Pool({ connectionString: own.server.url.replace('postgres@', 'app@') });
    const queue = pgBossQueue({ pool });
    const ran = Promise.withResolvers<string>();
    const onError = vi.fn();
    const run = async ({ ref }: { ref: string }) => {
      ran.resolve(ref);
      return {};
    };
    const work = queue.work(run, { concurrency: 1, onError });
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    expect(await ran.promise).toBe('a');
    expect(await queue.take?.('issuer', 10)).toBe(0);
    await work.close({ timeoutMs: 1_000 });
    expect(onError).not.toHaveBeenCalled();
    await queue.close();
    await pool.end();
  });

  test('what a look brings after the worker was told to end goes to others', async () => {
    await using own = await scene();
    const answers = Promise.withResolvers<void>();
    const pool = {
      async query(text: string, values?: unknown[]) {
        const result = await own.pool.query(text, values);
        if (/FOR UPDATE OF j SKIP LOCKED/.test(text)) await answers.promise;
        return result;
      },
    };
    const queue = pgBossQueue({ pool });
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    const run = vi.fn(async () => ({}));
    const work = queue.work(run, { concurrency: 1, onError: () => {} });
    const stateOf = async () => (await own.pool.query('SELECT state FROM pgboss.job')).rows;
    await vi.waitFor(async () => expect(await stateOf()).toEqual([{ state: 'active' }]), 5_000);
    await work.close({ timeoutMs: 50 });
    answers.resolve();
    await vi.waitFor(async () => expect(await stateOf()).toEqual([{ state: 'created' }]), 5_000);
    expect(run).not.toHaveBeenCalled();
    await queue.close();
  });

  test('a connection that is dead without a word holds up nobody for ever', {
    tags: ['long'],
    timeout: 130_000,
  }, async () => {
    await using own = await scene();
    // What looks for the runs of dead workers is lost as well, once.
    const silent = new Set(['ended', 'SKIP LOCKED', 'job heartbeat timeout']);
    const pool = {
      async query(text: string, values?: unknown[]) {
        for (const part of silent) {
          if (!text.includes(part)) continue;
          silent.delete(part);
          await own.pool.query(part === 'ended' ? 'SELECT 1' : text, part === 'ended' ? [] : values);
          return new Promise<never>(() => {});
        }
        return own.pool.query(text, values);
      },
    };
    const queue = pgBossQueue({ pool });
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    const run = vi.fn(async () => ({}));
    const onError = vi.fn();
    const work = queue.work(run, { concurrency: 1, onError });
    // The first look and the first end are lost, each for as long as a claim lives.
    await vi.waitFor(
      async () => expect((await own.pool.query('SELECT 1 FROM pgboss.job')).rows).toEqual([]),
      120_000,
    );
    expect(silent).toEqual(new Set());
    expect(run).toHaveBeenCalledTimes(2);
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'ETIMEDOUT' }));
    await work.close({ timeoutMs: 1_000 });
    await queue.close();
  });

  test('close ends although the database does not answer', async () => {
    const pool = { query: () => new Promise<never>(() => {}) };
    const queue = pgBossQueue({ pool });
    queue.put([]).catch(() => {});
    const began = Date.now();
    await queue.close();
    expect(Date.now() - began).toBeLessThan(5_000);
  });

  test('a rate whose table cannot be made is told', async () => {
    await using own = await scene();
    const queue = pgBossQueue({ pool: own.pool });
    await queue.put([]);
    const query = vi.spyOn(own.pool, 'query') as unknown as MockInstance<(text: string) => Promise<unknown>>;
    query.mockImplementation(async (text) => {
      throw Object.assign(new Error(), { code: text.startsWith('CREATE') ? '42501' : '42P01' });
    });
    await expect(queue.take?.('issuer', 1)).rejects.toMatchObject({ detail: 'pg-boss: 42501' });
    query.mockRejectedValue(Object.assign(new Error(), { code: '57P01' }));
    await expect(queue.take?.('issuer', 1)).rejects.toMatchObject({ detail: 'pg-boss: 57P01' });
    query.mockRestore();
    await queue.close();
  });

  test('the table of rates is made where it is missing, by many at once', async () => {
    await using own = await scene();
    const queue = pgBossQueue({ pool: own.pool });
    await queue.put([]);
    await own.pool.query('DROP TABLE pgboss.auth_rate');
    const waits = await Promise.all(
      Array.from({ length: 8 }, (_, index) => queue.take?.('issuer', 1, `account ${index}`)),
    );
    expect(waits.filter((wait) => wait === 0)).toHaveLength(1);
    expect(Math.max(...waits.map(Number))).toBeGreaterThan(5_000);
    await queue.close();
  });

  test('a row of turns may be longer than a minute, and is the name’s own', async () => {
    await using own = await scene();
    const queue = pgBossQueue({ pool: own.pool });
    await queue.put([]);
    const ask = (index: number) => queue.take?.('issuer', 1, `account ${index}`);
    const waits = await Promise.all(Array.from({ length: 100 }, (_, index) => ask(index)));
    expect(Math.max(...waits.map(Number))).toBeGreaterThan(95_000);
    const { rows } = await own.pool.query('SELECT count(*)::int AS count FROM pgboss.auth_turn');
    expect(rows[0].count).toBe(waits.filter((wait) => Number(wait) >= 1_000).length);
    const other = pgBossQueue({ pool: own.pool, name: 'other' });
    expect(await other.take?.('issuer', 1, 'account 0')).toBe(0);
    await Promise.all([queue.close(), other.close()]);
  });

  test('what another makes at the same time is found at the next try', async () => {
    await using own = await scene();
    let isMade = false;
    const pool = {
      async query(text: string, values?: unknown[]) {
        if (isMade || !text.includes('CREATE SCHEMA')) return own.pool.query(text, values);
        isMade = true;
        throw Object.assign(new Error('duplicate key'), { code: '23505' });
      },
    };
    const queue = pgBossQueue({ pool });
    await queue.put([]);
    expect(isMade).toBe(true);
    await queue.close();
  });

  test('statements that wait for each other are run again', async () => {
    let deadlocks = 3;
    const pool = {
      async query(text: string) {
        if (text.includes('ON CONFLICT') && deadlocks-- > 0)
          throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
        return { rows: [] };
      },
    };
    const statements = new Statements(pool, 'pgboss', 'fleet');
    await statements.put([{ v: 1, ref: 'a', at: 0 }], false);
    expect(deadlocks).toBe(-1);
    deadlocks = 100;
    await expect(statements.put([{ v: 1, ref: 'a', at: 0 }], false)).rejects.toMatchObject({ code: '40P01' });
  });

  test('it works through PgBouncer in transaction mode', async () => {
    await using own = await scene();
    await using bouncer = await startPgBouncer(own.server);
    const pool = new Pool({ connectionString: bouncer.url });
    const queue = pgBossQueue({ pool });
    const ran: string[] = [];
    const work = queue.work(
      async ({ ref }) => {
        ran.push(ref);
        return ran.length < 2 ? { nextAt: Date.now() } : {};
      },
      { concurrency: 1, onError: () => {} },
    );
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    await vi.waitFor(() => expect(ran).toEqual(['a', 'a']), 5_000);
    expect(await queue.take?.('issuer', 1)).toBe(0);
    await work.close({ timeoutMs: 1_000 });
    await queue.close();
    await pool.end();
  });

  test('a run that lasts longer than a dead worker is waited for is not run twice', {
    tags: ['long'],
    timeout: 60_000,
  }, async () => {
    await using own = await scene();
    const queue = pgBossQueue({ pool: own.pool });
    const run = vi.fn(() => new Promise<object>((resolve) => setTimeout(() => resolve({}), 35_000)));
    const works = [1, 2].map(() => queue.work(run, { concurrency: 1, onError: () => {} }));
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    await vi.waitFor(
      async () => expect((await own.pool.query('SELECT 1 FROM pgboss.job')).rows).toEqual([]),
      50_000,
    );
    expect(run).toHaveBeenCalledTimes(1);
    await Promise.all(works.map((work) => work.close({ timeoutMs: 1_000 })));
    await queue.close();
  });
});
