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
export const clusterLibraries: Readonly<Record<string, Open>> = {
  ioredis: async (port) => {
    const { Cluster } = await import('ioredis');
    const client = new Cluster([{ host: '127.0.0.1', port }], { scaleReads: 'slave' });
    client.on('error', () => {});
    return { client, end: async () => client.disconnect() };
  },
  'node-redis': async (port) => {
    const { createCluster } = await import('redis');
    const client = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }], useReplicas: true });
    await client.connect();
    return { client, end: async () => client.destroy() };
  },
};
