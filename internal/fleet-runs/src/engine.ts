import type { TokenStore } from '@auth/core';
import type { RefreshQueue } from '@auth/fleet';
import { bullmqQueue } from '@auth/fleet-bullmq';
import { pgBossQueue } from '@auth/fleet-pg-boss';
import { postgresStore } from '@auth/store-postgres';
import { redisStore } from '@auth/store-redis';
import { Redis } from 'ioredis';
import { Client, Pool } from 'pg';
import type { EnginePlace } from './messages.ts';

/** A process's queue and store on one engine. */
export interface Engine extends AsyncDisposable {
  readonly queue: RefreshQueue;
  readonly store: TokenStore;
}

export async function openEngine(place: EnginePlace, leaseMs: number): Promise<Engine> {
  if (place.kind === 'bullmq') {
    const connection = new Redis(place.port, '127.0.0.1');
    connection.on('error', () => {});
    const [queue, store] = [bullmqQueue({ connection }), redisStore({ client: connection, leaseMs })];
    return {
      queue,
      store,
      async [Symbol.asyncDispose]() {
        await queue.close();
        await store[Symbol.asyncDispose]();
        connection.disconnect();
      },
    };
  }
  const pool = new Pool({ connectionString: place.url, max: 6 });
  pool.on('error', () => {});
  const store = postgresStore({ client: pool, listen: () => new Client(place.url), leaseMs });
  await store.migrate();
  const queue = pgBossQueue({ pool });
  return {
    queue,
    store,
    async [Symbol.asyncDispose]() {
      await queue.close();
      await store[Symbol.asyncDispose]();
      await pool.end();
    },
  };
}
