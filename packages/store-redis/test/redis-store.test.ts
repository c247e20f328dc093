import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import {
  type AuthEvent,
  type AuthProvider,
  type AuthSession,
  createAuthSession,
  type TokenRecord,
  type TokenStore,
} from '@auth/core';
import { type RedisNode, redisServer, startRedis } from '@internal/test-tools';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RedisClient, redisStore } from '../src/index.js';
import { libraries, type OwnClient } from './support/clients.js';

const { path } = redisServer();

// Every test has a prefix or a server of its own and spends its time waiting, so all of them run at once.
vi.setConfig({ maxConcurrency: 64 });

/** What a server or a client does soon, it may do later on a busy machine. */
const eventually = (look: () => unknown): Promise<unknown> => vi.waitFor(look, { timeout: 5_000 });

const { signal } = new AbortController();
const record = (id: string): TokenRecord => ({ id, value: `secret value of ${id}` });

test.each([
  [{}, 'client: expected a client of ioredis 6 or of redis'],
  [{ client: {} as RedisClient }, 'client: expected'],
  [{ client: new Redis({ lazyConnect: true }), prefix: 'a{b}' }, 'prefix: expected a string without braces'],
  [{ client: new Redis({ lazyConnect: true }), leaseMs: 5 }, 'leaseMs: expected'],
  [undefined, 'client: expected'],
])('wrong options are named', (options, message) => {
  expect(() => redisStore(options as never)).toThrow(message);
});

test('the clients of both libraries fit as they are', () => {
  const clients: RedisClient[] = [new Redis({ lazyConnect: true }), createClient()];
  for (const client of clients) expect(redisStore({ client })).toHaveProperty('lock');
});

describe.runIf(path).concurrent.each(Object.entries(libraries))('on %s', (_, open) => {
  let server: RedisNode;
  let own: OwnClient;
  /** A client of the test's, to look and to interfere. */
  let raw: Redis;

  beforeAll(async () => {
    server = await startRedis();
    own = await open(server.port);
    raw = new Redis(server.port, '127.0.0.1');
    raw.on('error', () => {});
  });
  afterAll(async () => {
    raw.disconnect();
    await own.end();
    await server[Symbol.asyncDispose]();
  });

  test('names of a key share a slot of the cluster, whatever is in it', async () => {
    const store = redisStore({ client: own.client, prefix: 'slots:' });
    for (const key of ['{a}b', 'a}{b', '%7b', '["joor","https://x/","{}"]', '\ud800', '\udc00']) {
      await store.compareAndSet(key, undefined, record(key));
      await store.lock(key, { signal });
    }
    const names = await raw.keys('slots:*');
    expect(names).toHaveLength(12);
    expect(new Set(names.map((name) => /^slots:\{([^{}]+)\}(:lock)?$/.exec(name)?.[1])).size).toBe(6);
  });

  test('evictAt becomes a time to live from now, and a day more, whatever the clocks say', async () => {
    const store = redisStore({ client: own.client, prefix: 'ttl:' });
    const dayMs = 24 * 3_600_000;
    const ttlAfter = async (id: string, expected: string | undefined, evictAt?: number): Promise<number> => {
      const next = evictAt === undefined ? record(id) : { ...record(id), evictAt };
      expect(await store.compareAndSet('key', expected, next)).toBe(true);
      return raw.pttl('ttl:{key}');
    };
    const ttl = await ttlAfter('a', undefined, Date.now() + 60_000);
    expect(ttl).toBeGreaterThan(dayMs + 50_000);
    expect(ttl).toBeLessThanOrEqual(dayMs + 60_000);
    expect(await ttlAfter('b', 'a')).toBe(-1);
    // By a clock that is a week ahead everything is over.
    const past = await ttlAfter('c', 'b', Date.now() - 7 * dayMs);
    expect(past).toBeGreaterThan(dayMs - 10_000);
    expect(await store.get('key')).toMatchObject({ id: 'c' });
  });

  test('replies as a client may be set to give them', async () => {
    const bend = (change: (reply: unknown) => unknown): RedisClient =>
      ({
        ...('status' in own.client ? { status: 'ready' } : {}),
        duplicate: () => own.client.duplicate(),
        eval: async (...args: Parameters<RedisClient['eval']>) =>
          change(await (own.client.eval as (...values: unknown[]) => Promise<unknown>)(...args)),
      }) as RedisClient;
    const asBuffers = (reply: unknown): unknown => {
      if (Array.isArray(reply)) return reply.map(asBuffers);
      return typeof reply === 'string' ? Buffer.from(reply) : reply;
    };
    const asStrings = (reply: unknown): unknown => (typeof reply === 'number' ? String(reply) : reply);
    const evictAt = Date.now() + 60_000;
    for (const [index, change] of [asBuffers, asStrings].entries()) {
      const store = redisStore({ client: bend(change), prefix: `bent-${index}:`, leaseMs: 10_000 / 3 });
      expect(await store.get('key')).toBeUndefined();
      expect(await store.compareAndSet('key', undefined, { ...record('ä'), evictAt })).toBe(true);
      expect(await store.compareAndSet('key', undefined, record('b'))).toBe(false);
      expect(await store.get('key')).toEqual({ ...record('ä'), evictAt });
      const lease = await store.lock('key', { signal: AbortSignal.timeout(1_000) });
      await lease.release();
    }
    const strange = redisStore({ client: bend(() => ({})), prefix: 'bent:' });
    await expect(strange.get('key')).rejects.toThrow('replies of another shape');
  });

  test('a record is one value, replaced whole', { tags: ['fault-30'] }, async () => {
    const store = redisStore({ client: own.client, prefix: 'whole:' });
    await store.compareAndSet('key', undefined, { ...record('a'), evictAt: Date.now() + 60_000 });
    await store.compareAndSet('key', 'a', record('b'));
    expect(await raw.hgetall('whole:{key}')).toEqual(record('b'));
  });

  test('something else under the name is an error, and stays', async () => {
    const store = redisStore({ client: own.client, prefix: 'foreign:' });
    await raw.set('foreign:{key}', 'not ours');
    await expect(store.get('key')).rejects.toThrow();
    await expect(store.compareAndSet('key', undefined, record('a'))).rejects.toThrow();
    expect(await raw.get('foreign:{key}')).toBe('not ours');
    const [foreign, other] = await Promise.allSettled([store.get('key'), store.get('other')]);
    expect(foreign?.status).toBe('rejected');
    expect(other).toEqual({ status: 'fulfilled', value: undefined });
  });

  test('a slow holder takes nothing from its successor', { tags: ['fault-15'] }, async () => {
    const store = redisStore({ client: own.client, prefix: 'slow:' });
    const first = await store.lock('key', { signal });
    await raw.del('slow:{key}:lock');
    const second = await store.lock('key', { signal });
    await first.release();
    expect(await raw.exists('slow:{key}:lock')).toBe(1);
    expect(second.held()).toBe(true);
    await second.release();
    expect(await raw.exists('slow:{key}:lock')).toBe(0);
  });

  test('a fail-over that forgets the lease: the holder learns of it at its next renewal', {
    tags: ['fault-16'],
  }, async () => {
    const store = redisStore({ client: own.client, prefix: 'over:', leaseMs: 1_000 });
    const first = await store.lock('key', { signal });
    const lost = new Promise((resolve) => first.lost.addEventListener('abort', resolve));
    await raw.del('over:{key}:lock');
    await lost;
    expect(first.held()).toBe(false);
    await first.release();
  });

  test('a lease whose answer was lost is taken again by the same waiter', async () => {
    let isLost = true;
    const client = {
      ...('status' in own.client ? { status: 'ready' } : {}),
      duplicate: () => own.client.duplicate(),
      eval: async (...args: Parameters<RedisClient['eval']>) => {
        const result = await (own.client.eval as (...values: unknown[]) => Promise<unknown>)(...args);
        if (isLost && String(args[0]).includes("'NX'")) {
          isLost = false;
          return 0;
        }
        return result;
      },
    } as RedisClient;
    const store = redisStore({ client, prefix: 'again:' });
    const startedAt = performance.now();
    const lease = await store.lock('key', { signal });
    // Without the second look it would wait for the 15 s of the lease.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await lease.release();
  });

  test('what is published holds no token, and its own writes are no news to a store', async () => {
    await using quiet = await startRedis();
    const own = await open(quiet.port);
    const messages: string[] = [];
    const spy = new Redis(quiet.port, '127.0.0.1');
    await spy.psubscribe('*');
    spy.on('pmessage', (_pattern, channel, message) => messages.push(`${channel} ${message}`));
    await using store = redisStore({ client: own.client, prefix: 'news:' });
    await using other = redisStore({ client: own.client, prefix: 'news:' });
    let heard = 0;
    store.subscribe('key', () => heard++);
    // It says once that it listens now.
    await eventually(() => expect(heard).toBe(1));
    await store.compareAndSet('key', undefined, record('a'));
    await other.compareAndSet('key', 'a', record('b'));
    await eventually(() => expect(heard).toBe(2));
    await other.compareAndSet('another', undefined, record('c'));
    // Each write is told on the channel of now and on that of earlier versions.
    await eventually(() => expect(messages).toHaveLength(6));
    expect(heard).toBe(2);
    expect(messages.join()).not.toContain('secret');
    const forms = [
      /^news:\{(key|another)\} [0-9a-f]{24}$/,
      /^news:changes [0-9a-f]{24} news:\{(key|another)\}$/,
    ];
    for (const [index, message] of messages.entries()) expect(message).toMatch(forms[index % 2] as RegExp);
    spy.disconnect();
    await own.end();
  });

  test('a process has one subscription, whatever number of records it listens to', {
    tags: ['fault-131'],
  }, async () => {
    const store = redisStore({ client: own.client, prefix: 'brief:' });
    for (let index = 0; index < 5; index++) store.subscribe(`gone-${index}`, () => {})();
    const heard = new Set<number>();
    for (let index = 0; index < 500; index++) store.subscribe(`key-${index}`, () => heard.add(index));
    await eventually(() => expect(heard.size).toBe(500));
    expect(await raw.pubsub('CHANNELS', 'brief:*')).toEqual(['brief:changes']);
    heard.clear();
    const other = redisStore({ client: own.client, prefix: 'brief:' });
    await other.compareAndSet('key-7', undefined, record('a'));
    await eventually(() => expect([...heard]).toEqual([7]));
    await store[Symbol.asyncDispose]();
    await eventually(async () => expect(await raw.pubsub('CHANNELS', 'brief:*')).toEqual([]));
  });

  test('a lock that has lost its time to live is free after a lease', { tags: ['fault-122'] }, async () => {
    await raw.set('eternal:{key}:lock', 'a holder that is gone');
    const store = redisStore({ client: own.client, prefix: 'eternal:', leaseMs: 1_000 });
    const startedAt = performance.now();
    const lease = await store.lock('key', { signal: new AbortController().signal });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await lease.release();
  });

  test('five thousand notifications at once cost some reads', { tags: ['fault-122'] }, async () => {
    let reads = 0;
    const store = redisStore({ client: own.client, prefix: 'burst:' });
    const counting: TokenStore = {
      ...store,
      get: (key) => {
        reads++;
        return store.get(key);
      },
    };
    let issued = 0;
    const session = createAuthSession(
      {
        name: 'burst',
        issuer: 'https://auth.example.com',
        account: 'ada',
        allowedOrigins: ['https://api.example.com'],
        prepareLogin: () => ({
          secrets: ['x'],
          login: async () => ({ accessToken: `access-${++issued}`, expiresInMs: 3_600_000 }),
        }),
      },
      { store: counting, key: 'key' },
    );
    await session.getTokens();
    await eventually(async () => expect(await raw.pubsub('CHANNELS', 'burst:*')).toEqual(['burst:changes']));
    await new Promise((resolve) => setTimeout(resolve, 50));
    reads = 0;
    const burst = raw.pipeline();
    for (let message = 0; message < 5_000; message++) burst.publish('burst:changes', `somebody burst:{key}`);
    await burst.exec();
    await eventually(() => expect(reads).toBeGreaterThan(0));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(reads).toBeLessThan(100);
    session.dispose();
    await store[Symbol.asyncDispose]();
  });

  test('who unsubscribed hears nothing; disposing ends the store’s connection and not the client', async () => {
    await using quiet = await startRedis();
    const own = await open(quiet.port);
    const admin = new Redis(quiet.port, '127.0.0.1');
    const subscribers = async (): Promise<number> =>
      String(await admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub'))
        .split('\n')
        .filter(Boolean).length;
    await eventually(async () => expect(await subscribers()).toBe(0));
    const store = redisStore({ client: own.client, prefix: 'end:' });
    const heard: string[] = [];
    const stop = store.subscribe('key', () => heard.push('first'));
    store.subscribe('key', () => heard.push('second'));
    await eventually(() => expect(heard).toEqual(['first', 'second']));
    expect(await subscribers()).toBe(1);
    stop();
    stop();
    await redisStore({ client: own.client, prefix: 'end:' }).compareAndSet('key', undefined, record('a'));
    await eventually(() => expect(heard).toEqual(['first', 'second', 'second']));
    await store[Symbol.asyncDispose]();
    await eventually(async () => expect(await subscribers()).toBe(0));
    expect(await store.get('key')).toEqual(record('a'));
    admin.disconnect();
    await own.end();
  });
});

describe.runIf(path).concurrent.each(Object.entries(libraries))('an outage, on %s', (_, open) => {
  test('is one event; afterwards listeners are told to look, and all works again', async () => {
    await using server = await startRedis();
    const own = await open(server.port);
    const events: AuthEvent[] = [];
    await using store = redisStore({ client: own.client, onEvent: (event) => events.push(event) });
    let heard = 0;
    store.subscribe('key', () => heard++);
    await eventually(() => expect(heard).toBe(1));
    const lease = await store.lock('key', { signal });
    await server.kill();
    await eventually(() => expect(events.length).toBeGreaterThan(0));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(events).toMatchObject([{ type: 'store_failed', operation: 'subscribe', provider: 'store-redis' }]);
    await server.restart();
    await eventually(() => expect(heard).toBeGreaterThan(1));
    expect(await store.compareAndSet('key', undefined, record('a'))).toBe(true);
    const soFar = heard;
    await using other = redisStore({ client: own.client });
    await other.compareAndSet('key', 'a', record('b'));
    await eventually(() => expect(heard).toBeGreaterThan(soFar));
    // The server forgot the lease; its holder finds out and takes nothing away.
    const next = await other.lock('key', { signal });
    await lease.release();
    expect(next.held()).toBe(true);
    await next.release();
    await own.end();
  }, 20_000);
});

describe.runIf(path).concurrent.each(Object.entries(libraries))('data that is lost, on %s', (_, open) => {
  test('is written back by the sessions that hold it, with no login and no call', {
    tags: ['fault-134'],
    timeout: 20_000,
  }, async () => {
    await using server = await startRedis();
    const own = await open(server.port);
    let logins = 0;
    const providerOf = (account: string): AuthProvider => ({
      name: 'test',
      issuer: 'https://auth.example.com',
      account,
      allowedOrigins: [],
      prepareLogin: () => ({
        secrets: ['pw'],
        login: async () => ({ accessToken: `access-${++logins}`, expiresInMs: 3_600_000 }),
      }),
    });
    await using store = redisStore({ client: own.client });
    await using other = redisStore({ client: own.client });
    const [ada, bob, carl] = ['ada', 'bob', 'carl'].map((name) =>
      createAuthSession(providerOf(name), { store, key: name }),
    ) as [AuthSession, AuthSession, AuthSession];
    const elsewhere = createAuthSession(providerOf('ada'), { store: other, key: 'ada' });
    const tokens = await Promise.all([ada, bob, carl, elsewhere].map((each) => each.getAccessToken()));
    expect(tokens[3]).toBe(tokens[0]);
    await carl.signOut();

    await server.kill();
    await server.restart();
    const storedFor = async (key: string): Promise<string> =>
      String((await (async () => store.get(key))().catch(() => undefined))?.value);
    await vi.waitFor(
      async () => {
        expect(await storedFor('ada')).toContain(tokens[0]);
        expect(await storedFor('bob')).toContain(tokens[1]);
        expect(await storedFor('carl')).toContain('signedOutAt');
      },
      { timeout: 15_000 },
    );
    await using later = redisStore({ client: own.client });
    const late = createAuthSession(providerOf('bob'), { store: later, key: 'bob' });
    expect(await late.getAccessToken()).toBe(tokens[1]);
    expect(logins).toBe(3);
    for (const session of [ada, bob, carl, elsewhere, late]) session.dispose();
    await own.end();
  });
});

describe.runIf(path).concurrent.each(Object.entries(libraries))(
  'a server that may lose records, on %s',
  (_, open) => {
    test('is told of once', async () => {
      await using server = await startRedis();
      const own = await open(server.port);
      const admin = new Redis(server.port, '127.0.0.1');
      await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await admin.config('SET', 'maxmemory', '100mb');
      const events: AuthEvent[] = [];
      await using store = redisStore({ client: own.client, onEvent: (event) => events.push(event) });
      for (let use = 0; use < 3; use++) await store.get('key');
      const told = { type: 'store_degraded', keptIn: 'memory', provider: 'store-redis', key: '' };
      await eventually(() =>
        expect(events).toMatchObject([
          { ...told, reason: 'appendonly no' },
          { ...told, reason: 'maxmemory-policy allkeys-lru' },
        ]),
      );
      admin.disconnect();
      await own.end();
    });

    test('is not, where it keeps what it is given, or does not let itself be asked', async () => {
      await using server = await startRedis({ keepsData: true });
      const admin = new Redis(server.port, '127.0.0.1');
      // Without a limit of its memory Redis evicts nothing.
      await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await admin.call('ACL', 'SETUSER', 'mute', 'on', '>pw', '~*', '&*', '+@all', '-info');
      const own = await open(server.port);
      const mute = new Redis(server.port, '127.0.0.1', { username: 'mute', password: 'pw' });
      const events: AuthEvent[] = [];
      for (const client of [own.client, mute]) {
        await using store = redisStore({ client, onEvent: (event) => events.push(event) });
        await store.get('key');
        await store.get('key');
      }
      expect(events).toEqual([]);
      for (const each of [mute, admin]) each.disconnect();
      await own.end();
    });
  },
);

test.runIf(path).concurrent('a server that has forgotten the scripts is sent them again', async () => {
  await using server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1');
  const store = redisStore({ client });
  expect(await store.compareAndSet('key', undefined, record('a'))).toBe(true);
  await client.script('FLUSH');
  expect(await store.compareAndSet('key', 'a', record('b'))).toBe(true);
  await client.config('RESETSTAT');
  expect(await store.get('key')).toEqual(record('b'));
  expect(await store.get('key')).toEqual(record('b'));
  const counts = await client.info('commandstats');
  expect(counts).toMatch(/cmdstat_evalsha:calls=2,/);
  expect(counts).toMatch(/cmdstat_eval:calls=1,/);
  client.disconnect();
});

test.runIf(path).concurrent('reads of one turn of the event loop are one command', async () => {
  await using server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1');
  const store = redisStore({ client });
  const keys = Array.from({ length: 250 }, (_, index) => `account-${index}`);
  for (const key of keys) await store.compareAndSet(key, undefined, record(key));
  await store.get('nobody');
  await client.config('RESETSTAT');
  const found = await Promise.all([...keys, 'nobody'].map((key) => store.get(key)));
  expect(found).toEqual([...keys.map(record), undefined]);
  expect(await client.info('commandstats')).toMatch(/cmdstat_evalsha:calls=3,/);
  client.disconnect();
});

test.runIf(path).concurrent('reads that fail together are told each', async () => {
  await using server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1', { enableOfflineQueue: false, lazyConnect: true });
  const store = redisStore({ client });
  const ends = await Promise.allSettled(['a', 'b', 'c'].map((key) => store.get(key)));
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  client.disconnect();
});

test.runIf(path).concurrent('a user who may not use EVALSHA uses EVAL', async () => {
  await using server = await startRedis();
  const admin = new Redis(server.port, '127.0.0.1');
  await admin.call('ACL', 'SETUSER', 'plain', 'on', '>pw', '~*', '&*', '+@all', '-evalsha');
  const client = new Redis(server.port, '127.0.0.1', { username: 'plain', password: 'pw' });
  const store = redisStore({ client });
  expect(await store.compareAndSet('key', undefined, record('a'))).toBe(true);
  expect(await store.get('key')).toEqual(record('a'));
  for (const each of [client, admin]) each.disconnect();
});

test.runIf(path).concurrent(
  'a user that may delete and not write deletes nothing',
  {
    tags: ['fault-122'],
  },
  async () => {
    await using server = await startRedis();
    const admin = new Redis(server.port, '127.0.0.1');
    const writer = redisStore({ client: admin });
    await writer.compareAndSet('key', undefined, record('a'));
    const rights = ['+@all', '-hset', '-set'];
    await admin.call('ACL', 'SETUSER', 'cleaner', 'on', '>pw', '~*', '&*', ...rights);
    const client = new Redis(server.port, '127.0.0.1', { username: 'cleaner', password: 'pw' });
    await expect(redisStore({ client }).compareAndSet('key', 'a', record('b'))).rejects.toThrow();
    expect(await writer.get('key')).toEqual(record('a'));
    for (const each of [client, admin]) each.disconnect();
  },
);

test.runIf(path).concurrent('a publication that the server refuses does not undo the write', async () => {
  await using server = await startRedis();
  const admin = new Redis(server.port, '127.0.0.1');
  await admin.call('ACL', 'SETUSER', 'quiet', 'on', '>pw', '~*', '+@all', 'resetchannels');
  const client = new Redis(server.port, '127.0.0.1', { username: 'quiet', password: 'pw' });
  const store = redisStore({ client });
  expect(await store.compareAndSet('key', undefined, record('a'))).toBe(true);
  expect(await store.get('key')).toEqual(record('a'));
  for (const each of [client, admin]) each.disconnect();
});

test.runIf(path).concurrent.each(Object.entries(libraries))(
  'a subscription that the server refuses after a reconnect is asked for again, on %s',
  async (_, open) => {
    await using server = await startRedis();
    const admin = new Redis(server.port, '127.0.0.1');
    const own = await open(server.port);
    const [client, writer] = [own.client, redisStore({ client: admin })];
    const events: AuthEvent[] = [];
    const store = redisStore({ client, onEvent: (event) => events.push(event) });
    const news: (string | undefined)[] = [];
    store.subscribe('key', (each) => news.push(each));
    await eventually(() => expect(news).toEqual(['missed']));
    // Whoever listens to what it may not hear any more is disconnected.
    await admin.call('ACL', 'SETUSER', 'default', 'resetchannels');
    await eventually(() => expect(events).toMatchObject([{ type: 'store_failed', operation: 'subscribe' }]));
    await admin.call('ACL', 'SETUSER', 'default', '&*');
    await eventually(() => expect(news).toEqual(['missed', 'missed']));
    await writer.compareAndSet('key', undefined, record('a'));
    await eventually(() => expect(news).toEqual(['missed', 'missed', undefined]));
    await store[Symbol.asyncDispose]();
    await own.end();
    admin.disconnect();
  },
);

test('a server that goes away while ioredis subscribes again causes no unhandled rejection', async () => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  let subscriptions = 0;
  // Enough of a Redis: it confirms the first subscription, then drops each connection that subscribes again.
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const command of String(data)
        .toLowerCase()
        .split(/(?=\*\d+\r\n)/)) {
        if (!command.includes('\r\nsubscribe\r\n')) {
          socket.write(command.includes('\r\ninfo\r\n') ? '$9\r\nloading:0\r\n' : '+OK\r\n');
          continue;
        }
        if (++subscriptions === 1) socket.write('*3\r\n$9\r\nsubscribe\r\n$4\r\nname\r\n:1\r\n');
        setTimeout(() => socket.destroy(), 20);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 0, retryStrategy: () => 10 });
  client.on('error', () => {});
  const store = redisStore({ client });
  store.subscribe('key', () => {});
  await vi.waitFor(() => expect(subscriptions).toBeGreaterThan(3), { timeout: 5_000 });
  expect(rejections).toEqual([]);
  process.off('unhandledRejection', onRejection);
  await store[Symbol.asyncDispose]();
  client.disconnect();
  server.close();
});

test.runIf(path).concurrent('disposed while it connects, a store leaves no connection behind', async () => {
  await using server = await startRedis();
  for (const open of Object.values(libraries)) {
    const own = await open(server.port);
    const admin = new Redis(server.port, '127.0.0.1');
    for (const turns of [0, 1, 3]) {
      const store = redisStore({ client: own.client });
      store.subscribe('key', () => {});
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      await store[Symbol.asyncDispose]();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).toBe('');
    expect(
      String(await admin.call('CLIENT', 'LIST'))
        .trim()
        .split('\n'),
    ).toHaveLength(2);
    admin.disconnect();
    await own.end();
  }
});

test.runIf(path).concurrent('a client that fails fast does not make its notifications fail', async () => {
  await using server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1', { enableOfflineQueue: false, autoResubscribe: false });
  await eventually(() => expect(client.status).toBe('ready'));
  const events: AuthEvent[] = [];
  await using store = redisStore({ client, onEvent: (event) => events.push(event) });
  let heard = 0;
  store.subscribe('key', () => heard++);
  await eventually(() => expect(heard).toBe(1));
  expect(events).toEqual([]);
  client.disconnect();
});

test('a server that was away at the first look is told of at a later one, if it may lose records', async () => {
  const answers = [
    new Error('Connection is closed.'),
    new Error('LOADING Redis is loading the dataset in memory'),
    'aof_enabled:0\r\nmaxmemory:0',
    new Error('asked once more'),
  ];
  const client = {
    status: 'ready',
    duplicate: () => client,
    eval: async (script: string) => {
      if (!script.includes('INFO')) return [[null]];
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const events: AuthEvent[] = [];
  const store = redisStore({ client, onEvent: (event) => events.push(event) });
  for (let look = 0; look < 5; look++) {
    await store.get('key');
    await new Promise(setImmediate);
  }
  expect(events).toMatchObject([{ type: 'store_degraded', reason: 'appendonly no' }]);
  expect(answers).toHaveLength(1);
});

test('a subscription that fails is one event and is asked for again', async () => {
  vi.useFakeTimers();
  try {
    const events: AuthEvent[] = [];
    let asked = 0;
    const subscriber = {
      on: () => {},
      disconnect: () => {},
      subscribe: async () => {
        if (++asked < 3) throw Object.assign(new Error('secret'), { code: 'NOPERM' });
      },
    };
    const client = { status: 'ready', eval: async () => null, duplicate: () => subscriber };
    const store = redisStore({ client, onEvent: (event) => events.push(event) });
    let heard = 0;
    store.subscribe('key', () => heard++);
    await vi.advanceTimersByTimeAsync(99);
    expect([asked, heard]).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect([asked, heard]).toEqual([2, 0]);
    await vi.advanceTimersByTimeAsync(200);
    expect([asked, heard]).toEqual([3, 1]);
    expect(events).toMatchObject([{ type: 'store_failed', reason: 'NOPERM' }]);
    await store[Symbol.asyncDispose]();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
