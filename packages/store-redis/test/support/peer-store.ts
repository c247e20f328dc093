import { type RedisStore, redisStore } from '@auth/store-redis';
import { libraries } from './clients.ts';

export const leaseMs = 1_500;

/** What each process of the suite opens: the library and port that its parent names, under the place's prefix. */
export async function createStore(place: string): Promise<RedisStore> {
  const { REDIS_LIBRARY: library = '', REDIS_PORT: port = '' } = process.env;
  const open = libraries[library] as NonNullable<(typeof libraries)[string]>;
  const { client } = await open(Number(port));
  return redisStore({ client, prefix: `${place}:`, leaseMs });
}
