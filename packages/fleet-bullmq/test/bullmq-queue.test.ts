import { redisServer, runProgram, startNetwork, startRedis, startRedisCluster } from '@internal/test-tools';
import { Cluster, Redis } from 'ioredis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { wrongClockMs } from '../src/clock-check.js';
import { bullmqQueue } from '../src/index.js';
import { BullmqWork } from '../src/work.js';

const { path } = redisServer();
const hour = 3_600_000;

afterEach(() => {
  vi.restoreAllMocks();
});

async function scene() {
  const server = await startRedis();
  const connection = new Redis(server.port, '127.0.0.1', { lazyConnect: true });
  return {
    connection,
    server,
    async [Symbol.asyncDispose]() {
      connection.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

test.for([
  ['connection', {}],
  ['connection', { connection: { host: '127.0.0.1', duplicate: 1 } }],
  ['name', { name: 'a:b' }],
  ['name', { name: '' }],
  ['prefix', { prefix: '' }],
  ['prefix', { connection: new Cluster([], { lazyConnect: true }), prefix: 'untagged' }],
  ['connection', { connection: new Redis({ lazyConnect: true, keyPrefix: 'mine:' }) }],
] as const)('a wrong %s is refused by name', ([option, wrong]) => {
  const connection = new Redis({ lazyConnect: true });
  const options = option === 'connection' ? wrong : { connection, ...wrong };
  expect(() => bullmqQueue(options as never)).toThrow(
    expect.objectContaining({ code: 'invalid_options', detail: expect.stringMatching(option) }),
  );
});

describe.runIf(path)('on a Redis', () => {
  test('nothing goes over the connection that was given, and it is not closed', async () => {
    await using own = await scene();
    const queue = bullmqQueue({ connection: own.connection });
    const work = queue.work(async () => ({}), { concurrency: 1, onError: () => {} });
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    await work.close({ timeoutMs: 1_000 });
    await queue.close();
    expect(own.connection.status).toBe('wait');
    await expect(queue.put([{ v: 1, ref: 'a', at: 0 }])).rejects.toMatchObject({ code: 'disposed' });
  });

  test('a connection that is dead without a word stops neither puts nor the worker for long', {
    tags: ['long'],
    timeout: 90_000,
  }, async () => {
    await using own = await scene();
    const network = await startNetwork(own.server.port);
    const connection = new Redis(network.port, '127.0.0.1', { lazyConnect: true });
    const queue = bullmqQueue({ connection });
    const ran: string[] = [];
    const run = async ({ ref }: { readonly ref: string }) => {
      ran.push(ref);
      return {};
    };
    const work = queue.work(run, { concurrency: 1, onError: () => {} });
    await queue.put([{ v: 1, ref: 'before', at: Date.now() }]);
    await vi.waitFor(() => expect(ran).toEqual(['before']), 10_000);
    network.cut();
    await expect(queue.put([{ v: 1, ref: 'lost', at: Date.now() }])).rejects.toMatchObject({
      code: 'queue_unavailable',
    });
    await vi.waitFor(() => queue.put([{ v: 1, ref: 'after', at: Date.now() }]), 10_000);
    await vi.waitFor(() => expect(ran).toContain('after'), 60_000);
    await work.close({ timeoutMs: 1_000 });
    await queue.close();
    network.close();
  });

  test('a worker that waits for Redis asks for its chores once, however long that takes', async () => {
    await using own = await scene();
    const onError = vi.fn();
    const client = own.connection.duplicate({ lazyConnect: false, maxRetriesPerRequest: null });
    client.on('error', () => {});
    const parts = { name: 'waiting', prefix: 'bull', client };
    await new Promise((resolve) => client.once('ready', resolve));
    const schedule = vi.fn(() => new Promise<never>(() => {}));
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const work = new BullmqWork({ ...parts, schedule }, async () => ({}), { concurrency: 1, onError });
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    expect(schedule).toHaveBeenCalledTimes(1);
    await work.close({ timeoutMs: 1_000 });
    expect(onError).not.toHaveBeenCalled();
  });

  test('a worker that has run nothing ends without Redis, and after its queue, without a word', async () => {
    await using own = await scene();
    const queue = bullmqQueue({ connection: own.connection });
    const errors: unknown[] = [];
    const onError = (error: unknown): void => void errors.push(error);
    const work = queue.work(async () => ({}), { concurrency: 1, onError });
    await queue.put([{ v: 1, ref: 'later', at: Date.now() + hour }]);
    await queue.close();
    await work.close({ timeoutMs: 30_000 });
    expect(errors).toEqual([]);
    await own.server.kill();
    const another = bullmqQueue({ connection: own.connection });
    const startedAt = performance.now();
    const away = another.work(async () => ({}), { concurrency: 1, onError: () => {} });
    await away.close({ timeoutMs: 30_000 });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await another.close();
  });

  test.each(['redis away', 'a run that never ends'])(
    'with %s a closed worker does not hold the process open',
    { tags: ['long'] },
    async (trouble) => {
      const ended = await runProgram(new URL('support/ends.ts', import.meta.url), {
        TROUBLE: trouble,
        PATH: process.env['PATH'] ?? '',
      });
      expect(ended).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    },
  );

  test('what was asked for during the last runs is carried out when the worker has ended', async () => {
    await using own = await scene();
    // Ends at various moments after the runs: before, while and after their changes are looked for.
    for (const pauseMs of [0, 20, 49, 50, 51, 52, 54, 58, 70, 100]) {
      const queue = bullmqQueue({ connection: own.connection, name: `ends-${pauseMs}` });
      const { promise: hasRun, resolve: tellRun } = Promise.withResolvers<void>();
      const run = async (): Promise<{ nextAt: number }> => {
        await queue.remove(['a']);
        tellRun();
        return { nextAt: Date.now() + hour };
      };
      const work = queue.work(run, { concurrency: 1, onError: () => {} });
      await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
      await hasRun;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await work.close({ timeoutMs: 10_000 });
      await queue.close();
      expect(await own.connection.exists(`bull:ends-${pauseMs}:~a`), `${pauseMs} ms`).toBe(0);
    }
  });

  test('while there is no Redis a put ends in time, and does not happen later', async () => {
    await using own = await scene();
    await own.server.kill();
    // It passes by itself too, so that the connection's own timers go on.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    const queue = bullmqQueue({ connection: own.connection });
    const refused = queue.put([{ v: 1, ref: 'a', at: 0 }]).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await refused).toMatchObject({
      code: 'queue_unavailable',
      detail: 'BullMQ: no answer in time',
    });
    await own.server.restart();
    await queue.put([{ v: 1, ref: 'b', at: 0 }]);
    vi.useRealTimers();
    await own.connection.connect();
    expect(await own.connection.exists('bull:auth-refresh:~a', 'bull:auth-refresh:~b')).toBe(1);
    await queue.close();
  });

  test('a worker that Redis refuses at first takes jobs when Redis is well again', async () => {
    await using own = await scene();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    await own.connection.connect();
    const queue = bullmqQueue({ connection: own.connection });
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    await own.connection.config('SET', 'maxmemory', '1');
    const told = Promise.withResolvers<unknown>();
    const hasRun = Promise.withResolvers<string>();
    const run = async ({ ref }: { ref: string }) => {
      hasRun.resolve(ref);
      return {};
    };
    const work = queue.work(run, { concurrency: 1, onError: told.resolve });
    await told.promise;
    await own.connection.config('SET', 'maxmemory', '0');
    vi.advanceTimersByTime(5_000);
    expect(await hasRun.promise).toBe('a');
    vi.useRealTimers();
    await work.close({ timeoutMs: 1_000 });
    await queue.close();
  });

  test('a worker waits for as long as it takes, whatever limits the connection has', async () => {
    await using own = await scene();
    const impatient = { lazyConnect: true, commandTimeout: 300, enableOfflineQueue: false };
    const connection = new Redis(own.server.port, '127.0.0.1', impatient);
    const queue = bullmqQueue({ connection });
    const onError = vi.fn();
    const refs: string[] = [];
    const run = async ({ ref }: { ref: string }) => {
      refs.push(ref);
      return {};
    };
    const work = queue.work(run, { concurrency: 1, onError });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
    await vi.waitFor(() => expect(refs).toEqual(['a']), 3_000);
    expect(onError).not.toHaveBeenCalled();
    await work.close({ timeoutMs: 1_000 });
    await queue.close();
  });

  test('settings that may cost the schedule are told', async () => {
    await using own = await scene();
    const queue = bullmqQueue({ connection: own.connection });
    expect(await queue.risks?.()).toEqual(['appendonly']);
    await own.connection.connect();
    await own.connection.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
    expect(await queue.risks?.()).toEqual(['appendonly', 'maxmemory-policy']);
    await own.connection.config('SET', 'appendonly', 'yes', 'maxmemory-policy', 'noeviction');
    expect(await queue.risks?.()).toEqual([]);
    await queue.close();
  });

  test('a connection that gave up is opened anew', async () => {
    await using own = await scene();
    const connection = new Redis(own.server.port, '127.0.0.1', {
      lazyConnect: true,
      retryStrategy: () => null,
    });
    const queue = bullmqQueue({ connection });
    await queue.put([{ v: 1, ref: 'a', at: 0 }]);
    await own.server.kill();
    await expect(queue.put([{ v: 1, ref: 'b', at: 0 }])).rejects.toMatchObject({ code: 'queue_unavailable' });
    await own.server.restart();
    await queue.put([{ v: 1, ref: 'c', at: 0 }]);
    // Nobody asked while it was away: the first call opens it.
    await own.server.kill();
    await own.server.restart();
    await queue.put([{ v: 1, ref: 'd', at: 0 }]);
    await queue.close();
  });

  test('BullMQ keeps nothing of the error of a run', async () => {
    await using own = await scene();
    const queue = bullmqQueue({ connection: own.connection });
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
    await own.connection.connect();
    const kept = await own.connection.hgetall('bull:auth-refresh:~a');
    expect(kept).toMatchObject({ failedReason: 'the run threw' });
    expect(JSON.stringify(kept)).not.toContain('hunter2');
    await queue.close();
  });

  test('a clock is wrong only where that of another worker is right', async () => {
    await using own = await scene();
    const ask = () => wrongClockMs(own.connection, 'clock');
    const real = Date.now.bind(Date);
    const clock = vi.spyOn(Date, 'now');
    clock.mockImplementation(() => real() + hour);
    expect(await ask()).toBe(0);
    clock.mockImplementation(real);
    expect(await ask()).toBe(0);
    clock.mockImplementation(() => real() - hour);
    expect(Math.abs((await ask()) + hour)).toBeLessThan(5_000);
  });

  test('a worker with a wrong clock says so, takes no jobs, and goes on when it is right', async () => {
    await using own = await scene();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    await own.connection.connect();
    await own.connection.set('bull:auth-refresh:clock', '1');
    const real = Date.now.bind(Date);
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => real() + hour);
    const queue = bullmqQueue({ connection: own.connection });
    const told = Promise.withResolvers<unknown>();
    const hasRun = Promise.withResolvers<string>();
    const work = queue.work(
      async ({ ref }) => {
        hasRun.resolve(ref);
        return {};
      },
      { concurrency: 1, onError: told.resolve },
    );
    expect(await told.promise).toMatchObject({
      code: 'WRONG_CLOCK',
      message: expect.stringMatching(/differs from Redis' by 3600 s/),
    });
    await queue.put([{ v: 1, ref: 'a', at: real() }]);
    clock.mockImplementation(real);
    vi.advanceTimersByTime(5_000);
    expect(await hasRun.promise).toBe('a');
    vi.useRealTimers();
    await work.close({ timeoutMs: 1_000 });
    await queue.close();
  });
});

test.runIf(path)('on a cluster its keys are in one slot', async () => {
  await using cluster = await startRedisCluster();
  const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  const connection = new Cluster(nodes, { lazyConnect: true });
  const queue = bullmqQueue({ connection });
  const refs: string[] = [];
  const work = queue.work(
    async ({ ref }) => {
      refs.push(ref);
      if (refs.length === 1) await queue.put([{ v: 1, ref: 'b', at: Date.now() }]);
      return {};
    },
    { concurrency: 1, onError: () => {} },
  );
  await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
  await vi.waitFor(() => expect(refs).toEqual(['a', 'b']), 10_000);
  const turns = await Promise.all(['a', 'b', 'c'].map((ref) => queue.take?.('issuer', 1, ref)));
  expect(turns[0]).toBe(0);
  expect(turns[2]).toBeGreaterThan(1_900);
  await work.close({ timeoutMs: 1_000 });
  await queue.close();
  connection.disconnect();
});
