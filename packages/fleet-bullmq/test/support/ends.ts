/** A program that closes its worker while Redis is away, or while a run never ends, and then has nothing left to do. */

import { bullmqQueue } from '@auth/fleet-bullmq';
import { startRedis } from '@internal/test-tools';
import { Redis } from 'ioredis';

const isAway = process.env['TROUBLE'] === 'redis away';
const server = await startRedis();
const connection = new Redis(server.port, '127.0.0.1');
connection.on('error', () => {});
const queue = bullmqQueue({ connection });
const began = Promise.withResolvers<void>();
const work = queue.work(
  () => {
    began.resolve();
    return isAway ? Promise.resolve({}) : new Promise(() => {});
  },
  { concurrency: 1, onError: () => {} },
);
await queue.put([{ v: 1, ref: 'a', at: Date.now() }]);
await began.promise;
if (isAway) await server.kill();
await work.close({ timeoutMs: 500 });
await queue.close();
connection.disconnect();
await server[Symbol.asyncDispose]();
setTimeout(() => {
  console.log('the process goes on');
  process.exit(1);
}, 6_000).unref();
