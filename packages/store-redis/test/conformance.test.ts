import { tokenStoreSuite } from '@auth/testing/conformance';
import { processPeers } from '@auth/testing/processes';
import { type RedisServer, redisServer, startRedis } from '@internal/test-tools';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { redisStore } from '../src/index.js';
import { libraries, type OwnClient } from './support/clients.js';
import { leaseMs } from './support/peer-store.js';

const { path } = redisServer();

describe.runIf(path).each(Object.entries(libraries))('redisStore on %s', (library, open) => {
  let server: RedisServer;
  let own: OwnClient;
  let count = 0;

  beforeAll(async () => {
    server = await startRedis();
    own = await open(server.port);
  });
  afterAll(async () => {
    await own.end();
    await server[Symbol.asyncDispose]();
  });

  const openPeer = processPeers(new URL('support/peer-store.ts', import.meta.url));
  tokenStoreSuite(test, () => redisStore({ client: own.client, prefix: `${count++}:`, leaseMs }), {
    leaseMs,
    openPeer: (place) => {
      Object.assign(process.env, { REDIS_LIBRARY: library, REDIS_PORT: String(server.port) });
      return openPeer(place);
    },
  });
});
