import { type RedisNode, redisServer, startRedis } from '@internal/test-tools';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PendingChanges } from '../src/pending.js';
import { type Data, Schedule } from '../src/schedule.js';

const { path } = redisServer();
const [past, later, latest] = [1_000, 4_000_000_000_000, 5_000_000_000_000];

let server: RedisNode;
let connection: Redis;
const queues: Queue<Data>[] = [];

beforeAll(async () => {
  if (path === undefined) return;
  server = await startRedis();
  connection = new Redis(server.port, '127.0.0.1', { maxRetriesPerRequest: null });
});
afterAll(async () => {
  await Promise.all(queues.map((queue) => queue.close()));
  connection?.disconnect();
  await server?.[Symbol.asyncDispose]();
});

/** A schedule on a queue that nobody works on. */
function newSchedule() {
  const queue = new Queue<Data>(`queue-${queues.length}`, { connection });
  queues.push(queue);
  const key = queue.toKey('pending');
  return {
    queue,
    schedule: new Schedule(queue, new PendingChanges(connection, key)),
    /** When the job of the account is due. */
    dueAt: async () => (await queue.getJob('~a'))?.data.at,
    put: (at: number) => ({ v: 1 as const, ref: 'a', at }),
    /** What a worker that died has left behind. */
    leave: (text: string) => connection.hset(key, '~a', text),
    left: () => connection.hlen(key),
  };
}

describe.runIf(path)('what a dead worker left behind is carried out', () => {
  test.for([
    ['r', undefined],
    ['1000', past],
    [`r${past}`, past],
    [`${latest}`, later],
  ] as const)('%s', async ([text, stands]) => {
    const { schedule, dueAt, put, leave, left } = newSchedule();
    await schedule.put(put(later));
    await leave(text);
    await schedule.settleAll();
    expect(await dueAt()).toBe(stands);
    expect(await left()).toBe(0);
  });

  test('and a removal in the meantime is not undone by it', async () => {
    const { schedule, dueAt, leave, left } = newSchedule();
    await leave(`${later}`);
    await schedule.remove('a');
    await schedule.settleAll();
    expect([await dueAt(), await left()]).toEqual([undefined, 0]);
  });

  test('by one at a time: another leaves it alone', async () => {
    const { schedule, dueAt, put, leave, left, queue } = newSchedule();
    await schedule.put(put(later));
    await leave('r');
    await connection.set(queue.toKey('pending:~a'), 'another', 'PX', 60_000);
    await schedule.settleAll();
    expect([await dueAt(), await left()]).toEqual([later, 1]);
    await connection.del(queue.toKey('pending:~a'));
    await schedule.settleAll();
    expect([await dueAt(), await left()]).toEqual([undefined, 0]);
  });

  test.for(['put', 'addAbsent'] as const)('and a %s in the meantime is not lost to it', async (call) => {
    const { schedule, dueAt, put, leave } = newSchedule();
    await leave('r');
    await (call === 'put' ? schedule.put(put(later)) : schedule.addAbsent([put(later)]));
    await schedule.settleAll();
    expect(await dueAt()).toBe(later);
  });
});

describe.runIf(path)('a job that waits for a worker', () => {
  test('is moved later', async () => {
    const { schedule, dueAt, put, queue } = newSchedule();
    await schedule.put(put(past));
    expect(await queue.getJobState('~a')).toBe('waiting');
    await schedule.put(put(later));
    expect(await dueAt()).toBe(later);
    expect(await queue.getJobState('~a')).toBe('delayed');
  });

  test('is left alone by a put that makes it due', async () => {
    const { schedule, dueAt, put } = newSchedule();
    await schedule.put(put(past));
    await schedule.put(put(past + 1));
    expect(await dueAt()).toBe(past);
  });
});

describe.runIf(path)('a job that is moved between the look and the act', () => {
  test.for(['delayed', 'unknown', 'active', 'failed'] as const)('was %s: a put looks again', async (seen) => {
    const { schedule, dueAt, put, queue, left } = newSchedule();
    await schedule.put(put(past));
    vi.spyOn(queue, 'getJobState').mockResolvedValueOnce(seen);
    await schedule.put(put(seen === 'active' ? 1 : later));
    expect(await dueAt()).toBe(seen === 'active' ? past : later);
    expect(await left()).toBe(0);
  });

  test.for(['delayed', 'active'] as const)('was %s: a removal looks again', async (seen) => {
    const { schedule, dueAt, put, queue, left } = newSchedule();
    await schedule.put(put(later));
    vi.spyOn(queue, 'getJobState').mockResolvedValueOnce(seen);
    if (seen === 'delayed') vi.spyOn(queue, 'remove').mockResolvedValueOnce(0);
    await schedule.remove('a');
    expect(await dueAt()).toBe(undefined);
    expect(await left()).toBe(0);
  });

  test('a job that keeps moving is an error', async () => {
    const { schedule, put, queue } = newSchedule();
    await schedule.put(put(past));
    vi.spyOn(queue, 'remove').mockResolvedValue(0);
    await expect(schedule.remove('a')).rejects.toThrow('the job kept moving');
    await expect(schedule.put(put(later))).rejects.toThrow('the job kept moving');
  });

  test('an error of Redis is passed on', async () => {
    const { schedule, put, queue } = newSchedule();
    await schedule.put(put(later));
    vi.spyOn(queue.getBackend(), 'changeDelay').mockRejectedValue(new Error('READONLY'));
    await expect(schedule.put(put(latest))).rejects.toThrow('READONLY');
  });
});
