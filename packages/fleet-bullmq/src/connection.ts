import type { Cluster, Redis } from 'ioredis';

/** What differs from the connection that is copied. */
export interface Overrides {
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: boolean;
  readonly commandTimeout?: number;
}

/** A further connection, with other options. */
export function copyOf(connection: Redis | Cluster, overrides: Overrides): Redis | Cluster {
  if (!connection.isCluster) return (connection as Redis).duplicate({ ...overrides, lazyConnect: false });
  const cluster = connection as Cluster;
  const { enableOfflineQueue = true } = overrides;
  const options = {
    enableOfflineQueue,
    lazyConnect: false,
    redisOptions: { ...cluster.options.redisOptions, ...overrides },
  };
  return cluster.duplicate(undefined, options as Parameters<Cluster['duplicate']>[1]);
}
