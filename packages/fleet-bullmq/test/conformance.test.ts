import { type QueueEngine, queueSuite, type TestFunction } from '@auth/testing/conformance';
import { queuePeers } from '@auth/testing/processes';
import { type RedisNode, redisServer, startRedis } from '@internal/test-tools';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import { bullmqQueue } from '../src/index.js';

const { path } = redisServer();
// Their time passes in waiting.
vi.setConfig({ maxConcurrency: 8, testTimeout: 150_000, hookTimeout: 60_000 });

const startPeer = queuePeers(new URL('support/peer-queue.ts', import.meta.url));

let server: RedisNode;
let connection: Redis;

beforeAll(async () => {
  if (path === undefined) return;
  server = await startRedis();
  connection = new Redis(server.port, '127.0.0.1', { lazyConnect: true });
});
afterAll(async () => {
  connection?.disconnect();
  await server?.[Symbol.asyncDispose]();
});

/** A Redis that keeps its data over a crash. */
async function startEngine(): Promise<QueueEngine> {
  const node = await startRedis({ keepsData: true });
  const own = new Redis(node.port, '127.0.0.1', { lazyConnect: true });
  return {
    open: () => bullmqQueue({ connection: own }),
    stop: () => node.kill(),
    start: () => node.restart(),
    [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
  };
}

/** Dead workers take their time, an engine that is away, a run that threw, and processes of other clocks. */
const slowTests = /killed|throws|clock|version|due at once|stopped/;
function tagsOf(name: string): string[] {
  // It waits for five dead workers, one after the other.
  if (name.includes('five workers')) return ['longest'];
  return slowTests.test(name) ? ['long'] : [];
}
const inItsTime: TestFunction = (name, run) => test(name, { tags: tagsOf(name) }, run);

describe.runIf(path).concurrent('bullmqQueue', () => {
  queueSuite(inItsTime, (name) => () => bullmqQueue({ connection, name }), {
    lateMs: 1_800,
    retryMs: 31_000,
    deadWorkerMs: 25_000,
    openPeer: (place) => {
      process.env['REDIS_PORT'] = String(server.port);
      return startPeer(place);
    },
    startEngine,
    sharesRate: true,
  });
});
