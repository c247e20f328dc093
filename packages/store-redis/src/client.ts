import { AuthError } from '@auth/core';

/** What is used of a client of `ioredis`: a `Redis` or a `Cluster`. */
export interface IoredisClient {
  readonly status: string;
  readonly isCluster?: boolean;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  duplicate(...overrides: never[]): unknown;
}

/** What is used of a client of `redis` (node-redis): from `createClient` or `createCluster`. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  duplicate(): unknown;
}

export type RedisClient = IoredisClient | NodeRedisClient;

/** The two libraries seen as one. */
export interface Connection {
  /**
   * Runs a script on one key. Reads go this way too: scripts run on the primary, where a plain read may be sent to a
   * replica that has not yet heard of the last write.
   */
  run(script: string, key: string, ...values: string[]): Promise<unknown>;
  /** Opens a connection for subscriptions. */
  listen(handlers: Handlers): Listening;
}

export interface Handlers {
  onMessage(channel: string, message: string): void;
  /** Connected, or connected again. */
  onReady(): void;
  onError(error: unknown): void;
}

export interface Listening {
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  close(): void;
}

/** @throws AuthError `invalid_options` for anything that is not a client of one of the two libraries */
export function connectionOf(client: RedisClient): Connection {
  const { eval: run, duplicate } = (client ?? {}) as Partial<RedisClient>;
  if (typeof run !== 'function' || typeof duplicate !== 'function') {
    const detail = 'client: expected a client of ioredis 6 or of redis (node-redis) 6';
    throw new AuthError('invalid_options', { detail });
  }
  return 'status' in client ? overIoredis(client) : overNodeRedis(client);
}

interface Emitter {
  on(event: string, listener: (...values: never[]) => void): unknown;
}

function overIoredis(client: IoredisClient): Connection {
  interface Subscriber extends Emitter {
    subscribe(channel: string): Promise<unknown>;
    unsubscribe(channel: string): Promise<unknown>;
    disconnect(): void;
  }
  return {
    run: (script, key, ...values) => client.eval(script, 1, key, ...values),
    listen({ onMessage, onReady, onError }) {
      const { duplicate } = client as { duplicate(...overrides: unknown[]): unknown };
      // A subscription waits for its connection, whatever your commands do.
      const own = { enableOfflineQueue: true, autoResubscribe: true };
      const overrides = client.isCluster === true ? [[], own] : [own];
      const subscriber = duplicate.apply(client, overrides) as Subscriber;
      // A cluster speaks of its nodes.
      for (const event of ['error', 'node error']) subscriber.on(event, onError);
      subscriber.on('ready', onReady);
      subscriber.on('message', onMessage);
      return {
        subscribe: (channel) => subscriber.subscribe(channel),
        unsubscribe: (channel) => subscriber.unsubscribe(channel),
        close: () => subscriber.disconnect(),
      };
    },
  };
}

function overNodeRedis(client: NodeRedisClient): Connection {
  interface Subscriber extends Emitter {
    connect(): Promise<unknown>;
    subscribe(channel: string, listener: (message: string, channel: string) => void): Promise<unknown>;
    unsubscribe(channel: string): Promise<unknown>;
    destroy(): void;
  }
  return {
    run: (script, key, ...values) => client.eval(script, { keys: [key], arguments: values }),
    listen({ onMessage, onReady, onError }) {
      const subscriber = client.duplicate() as Subscriber;
      for (const event of ['error', 'node-error']) subscriber.on(event, onError);
      for (const event of ['ready', 'node-ready']) subscriber.on(event, onReady);
      let connected: Promise<unknown> | undefined;
      let isClosed = false;
      const connect = (): Promise<unknown> => {
        connected ??= subscriber.connect().then(
          // Closed while it was connecting: what has opened since is closed again.
          () => isClosed && subscriber.destroy(),
          (error: unknown) => {
            connected = undefined;
            throw error;
          },
        );
        return connected;
      };
      return {
        async subscribe(channel) {
          await connect();
          await subscriber.subscribe(channel, (message, from) => onMessage(from, message));
        },
        async unsubscribe(channel) {
          // Behind a subscription that still waits.
          await connect();
          await subscriber.unsubscribe(channel);
        },
        close() {
          isClosed = true;
          subscriber.destroy();
        },
      };
    },
  };
}
