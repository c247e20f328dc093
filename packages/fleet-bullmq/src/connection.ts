import type { Cluster, Redis, RedisOptions } from 'ioredis';

/** How a copy differs from the user's connection. */
export interface Manners {
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue: boolean;
  readonly commandTimeout: number | undefined;
  /** A connection on which a command is not answered for so long is dead without a word, and is opened anew. */
  readonly socketTimeout: number;
  readonly retryStrategy?: (times: number) => number;
  readonly sentinelRetryStrategy?: (times: number) => number;
}

const retryStrategy = (times: number): number => Math.min(times * 200, 5_000);

/** For workers: waits for Redis for as long as it takes, whatever the user's own connection does. */
export const patient: Manners = {
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  commandTimeout: undefined,
  // BullMQ's own commands that wait for a job wait for ten seconds at most.
  socketTimeout: 30_000,
  retryStrategy,
  sentinelRetryStrategy: retryStrategy,
};

/** For puts and removes: says at once that there is no Redis, and within this time that it does not answer. */
export function impatient(answerMs: number): Manners {
  return {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: answerMs,
    socketTimeout: answerMs,
  };
}

/** A further connection, with other options. */
export function copyOf(connection: Redis | Cluster, manners: Manners): Redis | Cluster {
  if (!connection.isCluster)
    return (connection as Redis).duplicate({ ...manners, lazyConnect: false } as Partial<RedisOptions>);
  const cluster = connection as Cluster;
  const { enableOfflineQueue, retryStrategy: own } = manners;
  const redisOptions = { ...cluster.options.redisOptions, ...manners };
  const clusterRetryStrategy = own ?? cluster.options.clusterRetryStrategy;
  const options = { enableOfflineQueue, lazyConnect: false, redisOptions, clusterRetryStrategy };
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
