import type { RefreshQueue } from '@auth/fleet';
import { bullmqQueue } from '@auth/fleet-bullmq';
import { Redis } from 'ioredis';

/** What each process of the suite opens: the queue of that name, on the Redis whose port its parent names. */
export async function createQueue(name: string): Promise<RefreshQueue> {
  const connection = new Redis(Number(process.env['REDIS_PORT']), '127.0.0.1', { lazyConnect: true });
  return bullmqQueue({ connection, name });
}
