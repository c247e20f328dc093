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

/** Waits until a connection stands: all who wait share one listener. */
export class Readiness {
  readonly #client: Redis | Cluster;
  #waiting: Promise<void> | undefined;

  constructor(client: Redis | Cluster) {
    this.#client = client;
  }

  async ready(): Promise<void> {
    const { status } = this.#client;
    if (status === 'ready') return;
    // It was closed, or its `retryStrategy` gave up.
    const ended = new Error('the connection has ended');
    if (status === 'end') throw ended;
    this.#waiting ??= new Promise((resolve, reject) => {
      this.#client.once('ready', resolve);
      this.#client.once('end', () => reject(ended));
    });
    await this.#waiting;
    this.#waiting = undefined;
  }
}
