import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisClient } from '../../src/index.js';

/** A client of a library, and the way to end it. */
export interface OwnClient {
  readonly client: RedisClient;
  end(): Promise<void>;
}

/** The two libraries, as a program would use them. */
export const libraries: Readonly<Record<string, (port: number) => Promise<OwnClient>>> = {
  ioredis: async (port) => {
    const client = new Redis(port, '127.0.0.1');
    client.on('error', () => {});
    return { client, end: async () => client.disconnect() };
  },
  'node-redis': async (port) => {
    const client = createClient({ socket: { host: '127.0.0.1', port } });
    client.on('error', () => {});
    await client.connect();
    return { client, end: async () => client.destroy() };
  },
};
