import type { Cluster, Redis, RedisOptions } from 'ioredis';

/** For workers: waits for Redis for as long as it takes, whatever the user's own connection does. */
export const patient = {
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  commandTimeout: undefined,
  socketTimeout: undefined,
  retryStrategy: (times: number) => Math.min(times * 200, 5_000),
} as const;

/** For puts and removes: says at once that there is no Redis, and within this time that it does not answer. */
export function impatient(commandTimeout: number) {
  return { maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout } as const;
}

/** A further connection, with other options. */
export function copyOf(
  connection: Redis | Cluster,
  overrides: typeof patient | ReturnType<typeof impatient>,
): Redis | Cluster {
  if (!connection.isCluster)
    return (connection as Redis).duplicate({ ...overrides, lazyConnect: false } as Partial<RedisOptions>);
  const cluster = connection as Cluster;
  const { enableOfflineQueue } = overrides;
  const redisOptions = { ...cluster.options.redisOptions, ...overrides };
  const options = { enableOfflineQueue, lazyConnect: false, redisOptions };
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
    this.#waiting ??= this.#whenReady(ended).finally(() => {
      this.#waiting = undefined;
    });
    await this.#waiting;
  }

  #whenReady(ended: Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const isReady = (): void => {
        this.#client.off('end', hasEnded);
        resolve();
      };
      const hasEnded = (): void => {
        this.#client.off('ready', isReady);
        reject(ended);
      };
      this.#client.once('ready', isReady);
      this.#client.once('end', hasEnded);
    });
  }
}
