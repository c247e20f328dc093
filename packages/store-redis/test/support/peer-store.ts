import { flushCompileCache } from 'node:module';
import { type RedisStore, redisStore } from '@auth/store-redis';
import { libraries } from './clients.ts';

export const leaseMs = 2_500;

/** What each process of the suite opens: the library and port that its parent names, under the place's prefix. */
export async function createStore(place: string): Promise<RedisStore> {
  const { REDIS_LIBRARY: library = '', REDIS_PORT: port = '' } = process.env;
  const open = libraries[library] as NonNullable<(typeof libraries)[string]>;
  const { client } = await open(Number(port));
  // The next process loads the library faster. This one is killed, and would write nothing at its end.
  flushCompileCache();
  return redisStore({ client, prefix: `${place}:`, leaseMs });
}
