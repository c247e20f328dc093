/** Keeps the accounts fresh, beside any number of others like it. */
import { createKeeper } from '@auth/fleet';
import { bullmqQueue } from '@auth/fleet-bullmq';
import { redisStore } from '@auth/store-redis';
import { Redis } from 'ioredis';
import { openAccount, refs } from './accounts.ts';

const connection = new Redis(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379');
connection.on('error', () => {}); // what fails is told below
const store = redisStore({ client: connection });
const queue = bullmqQueue({ connection });

const keeper = createKeeper({
  queue,
  open: (ref) => openAccount(ref, store),
  accounts: async function* () {
    yield* refs;
  },
  perIssuer: 100,
  sweepSpreadMs: 10_000,
  onEvent: (event) => {
    if (event.type !== 'ran') console.log(JSON.stringify(event));
  },
});
await keeper.start();
console.log(`worker ${process.pid} is at work`);

async function end(): Promise<void> {
  await keeper.close();
  await queue.close();
  await store[Symbol.asyncDispose]();
  connection.disconnect();
  process.exit();
}
process.once('SIGTERM', end);
process.once('SIGINT', end);
