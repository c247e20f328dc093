import { AuthError, type ChangeFeed, type ChangeFeedHandlers } from '@auth/core';
import type { Script } from './scripts.js';

/** The part of an `ioredis` client, a `Redis` or a `Cluster`, that the store uses. */
export interface IoredisClient {
  readonly status: string;
  readonly isCluster?: boolean;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Where it is there, scripts are sent by their hash. */
  evalsha?(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  duplicate(...overrides: never[]): unknown;
  /** A cluster's connections to its nodes. */
  nodes?(): readonly { readonly status: string; duplicate(...overrides: never[]): unknown }[];
}

/** The part of a `redis` (node-redis) client, of `createClient`, `createCluster` or `createSentinel`, that the store uses. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Where it is there, scripts are sent by their hash. */
  evalSha?(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  duplicate(...overrides: never[]): unknown;
  /** The nodes of a cluster, with the connection to each that has one. */
  readonly masters?: readonly { readonly client?: unknown }[];
  readonly replicas?: readonly { readonly client?: unknown }[];
}

export type RedisClient = IoredisClient | NodeRedisClient;

/** One interface to both libraries. */
export interface Connection {
  /**
   * Runs a script on a key, or on several where the server is no cluster. Reads are scripts too: a script runs on the
   * primary, while a plain read may go to a replica that does not have the last write yet.
   */
  run(script: Script, keys: string | readonly string[], ...values: string[]): Promise<unknown>;
  /** A cluster runs no script on keys of different slots. */
  readonly isCluster: boolean;
  /**
   * Opens a connection for subscriptions. On a cluster, any node passes on what is published on any other: the connection
   * goes to one node and ends with it. The cluster clients' own subscriptions move to another node without a word, or
   * wait for the node to come back.
   *
   * @throws Error where no node of the cluster can be reached
   */
  listen(channel: string, handlers: MessageHandlers): Required<ChangeFeed>;
}

export interface MessageHandlers extends Omit<ChangeFeedHandlers, 'onChange'> {
  onMessage(message: string): void;
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

/**
 * Runs a script by its hash, or by its text where the server does not know the script (a new server, or one after a
 * fail-over), and where the client, a proxy or the user's permissions lack EVALSHA.
 */
async function runScript(
  script: Script,
  byHash: ((sha1: string) => Promise<unknown> | undefined) | undefined,
  byText: (text: string) => Promise<unknown>,
): Promise<unknown> {
  if (byHash === undefined) return byText(script.text);
  try {
    const sha1 = script.sha1();
    return await byHash(typeof sha1 === 'string' ? sha1 : await sha1);
  } catch (error) {
    const hasNotRun = error instanceof Error && /^NOSCRIPT|\bevalsha\b/i.test(error.message);
    if (!hasNotRun) throw error;
    return byText(script.text);
  }
}

/** Any of the nodes, a connected one if there is one. @throws Error where there are none */
function anyOf<Node>(nodes: readonly Node[] = [], isConnected: (node: Node) => boolean): Node {
  const connected = nodes.filter(isConnected);
  const among = connected.length > 0 ? connected : nodes;
  const node = among[Math.floor(Math.random() * among.length)];
  if (node === undefined) throw new Error('no node of the cluster can be reached');
  return node;
}

interface Emitter {
  on(event: string, listener: (...values: never[]) => void): unknown;
}

function overIoredis(client: IoredisClient): Connection {
  interface Subscriber extends Emitter {
    subscribe(channel: string): Promise<unknown>;
    ping(): Promise<unknown>;
    disconnect(): void;
  }
  return {
    isCluster: client.isCluster === true,
    run(script, keys, ...values) {
      const given: [number, ...string[]] =
        typeof keys === 'string' ? [1, keys, ...values] : [keys.length, ...keys, ...values];
      return runScript(script, client.evalsha && ((sha1) => client.evalsha?.(sha1, ...given)), (text) =>
        client.eval(text, ...given),
      );
    },
    listen(channel, { onMessage, onReady, onError, onEnd }) {
      const node =
        client.isCluster === true ? anyOf(client.nodes?.(), ({ status }) => status === 'ready') : client;
      const { duplicate } = node as { duplicate(overrides: object): unknown };
      // Subscriptions wait for the connection, even if your client is configured to fail commands instead. They are
      // repeated below: where ioredis repeats them itself, nobody can catch the rejection of that command.
      const own = { enableOfflineQueue: true, autoResubscribe: false, maxRetriesPerRequest: null };
      const ofNode = { retryStrategy: null, lazyConnect: false, readOnly: false };
      const overrides = node === client ? own : { ...own, ...ofNode };
      const subscriber = duplicate.call(node, overrides) as Subscriber;
      let isSubscribed = false;
      subscriber.on('error', onError);
      subscriber.on('end', onEnd);
      subscriber.on('ready', () => {
        if (!isSubscribed) return onReady();
        const refused = (error: unknown): void => {
          onError(error);
          // Another connection asks again: this one stands, and hears nothing.
          onEnd();
        };
        subscriber.subscribe(channel).then(onReady, refused);
      });
      subscriber.on('message', (_channel: string, message: string) => onMessage(message));
      return {
        async subscribe() {
          await subscriber.subscribe(channel);
          isSubscribed = true;
        },
        ping: () => subscriber.ping(),
        close: () => subscriber.disconnect(),
      };
    },
  };
}

function overNodeRedis(client: NodeRedisClient): Connection {
  interface Subscriber extends Emitter {
    connect(): Promise<unknown>;
    subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
    ping(): Promise<unknown>;
    destroy(): void;
    readonly isOpen: boolean;
  }
  interface Node {
    readonly isReady: boolean;
    readonly options: { readonly socket?: object };
    duplicate(overrides: object): unknown;
  }
  return {
    isCluster: client.masters !== undefined,
    run(script, keys, ...values) {
      const given = { keys: typeof keys === 'string' ? [keys] : [...keys], arguments: values };
      return runScript(script, client.evalSha && ((sha1) => client.evalSha?.(sha1, given)), (text) =>
        client.eval(text, given),
      );
    },
    listen(channel, { onMessage, onReady, onError, onEnd }) {
      const open = (): unknown => {
        if (client.masters === undefined) return client.duplicate();
        const connections = [...client.masters, ...(client.replicas ?? [])].map(
          (each) => each.client as Node,
        );
        const node = anyOf(connections.filter(Boolean), ({ isReady }) => isReady);
        return node.duplicate({ socket: { ...node.options.socket, reconnectStrategy: false } });
      };
      const subscriber = open() as Subscriber;
      // The connection on which a sentinel's client hears comes back without a word: it is opened anew. Before it hears, it
      // tells of each sentinel that is away, and goes on to the next.
      const isSentinel = 'getMasterNode' in client;
      let isSubscribed = false;
      subscriber.on('error', (error: unknown) => {
        onError(error);
        if (subscriber.isOpen === false || (isSentinel && isSubscribed)) onEnd();
      });
      subscriber.on('ready', onReady);
      let connected: Promise<unknown> | undefined;
      let isClosed = false;
      const connect = (): Promise<unknown> => {
        connected ??= subscriber.connect().then(
          // close() was called while we were connecting: close the connection that has opened since.
          () => isClosed && subscriber.destroy(),
          (error: unknown) => {
            connected = undefined;
            throw error;
          },
        );
        return connected;
      };
      return {
        async subscribe() {
          await connect();
          // A sentinel's client would open another connection, which nobody ends.
          if (isClosed) return;
          await subscriber.subscribe(channel, onMessage);
          isSubscribed = true;
        },
        ping: () => subscriber.ping(),
        close() {
          isClosed = true;
          subscriber.destroy();
        },
      };
    },
  };
}
