import type { RedisClient } from '../../src/index.js';

/** A client of a library, and the way to end it. */
export interface OwnClient {
  readonly client: RedisClient;
  end(): Promise<void>;
}

type Open = (port: number) => Promise<OwnClient>;

/** The two libraries, as a program would use them. A peer process loads only the library that it opens. */
export const libraries: Readonly<Record<string, Open>> = {
  ioredis: async (port) => {
    const { Redis } = await import('ioredis');
    const client = new Redis(port, '127.0.0.1');
    client.on('error', () => {});
    return { client, end: async () => client.disconnect() };
  },
  'node-redis': async (port) => {
    const { createClient } = await import('redis');
    const client = createClient({ socket: { host: '127.0.0.1', port } });
    client.on('error', () => {});
    await client.connect();
    return { client, end: async () => client.destroy() };
  },
};

/** The same libraries, with the clients that they have for a cluster. */
export const clusterLibraries: Readonly<Record<string, (ports: readonly number[]) => Promise<OwnClient>>> = {
  ioredis: async (ports) => {
    const { Cluster } = await import('ioredis');
    const nodes = ports.map((port) => ({ host: '127.0.0.1', port }));
    const client = new Cluster(nodes, { scaleReads: 'slave' });
    client.on('error', () => {});
    return { client, end: async () => client.disconnect() };
  },
  'node-redis': async (ports) => {
    const { createCluster } = await import('redis');
    const rootNodes = ports.map((port) => ({ url: `redis://127.0.0.1:${port}` }));
    const client = createCluster({ rootNodes, useReplicas: true });
    await client.connect();
    return { client, end: async () => client.destroy() };
  },
};

/** And those for a primary that sentinels watch. */
export const sentinelLibraries: Readonly<
  Record<string, (ports: readonly number[], name: string) => Promise<OwnClient>>
> = {
  ioredis: async (ports, name) => {
    const { Redis } = await import('ioredis');
    const client = new Redis({ sentinels: ports.map((port) => ({ host: '127.0.0.1', port })), name });
    client.on('error', () => {});
    return { client, end: async () => client.disconnect() };
  },
  'node-redis': async (ports, name) => {
    const { createSentinel } = await import('redis');
    const client = createSentinel({
      name,
      sentinelRootNodes: ports.map((port) => ({ host: '127.0.0.1', port })),
    });
    client.on('error', () => {});
    await client.connect();
    return { client, end: async () => client.destroy() };
  },
};
