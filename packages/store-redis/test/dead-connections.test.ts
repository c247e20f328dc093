import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { ChangeListeners } from '@auth/core';
import { redisServer, startRedis } from '@internal/test-tools';
import { Redis } from 'ioredis';
import { describe, expect, test, vi } from 'vitest';
import { connectionOf } from '../src/client.js';
import { libraries } from './support/clients.js';

const { path } = redisServer();

/** A network between clients and a port that can be cut: nothing comes through any more, and nobody is told. */
async function startNetwork(port: number) {
  const cuts: (() => void)[] = [];
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const end of [near, far]) end.on('error', () => {});
    cuts.push(() => {
      near.unpipe();
      far.unpipe();
      // What still comes is lost on the way.
      near.resume();
      far.resume();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    /** Cuts the connections that stand; new ones come through. */
    cut: () => {
      for (const cut of cuts.splice(0)) cut();
    },
    close: () => server.close(),
  };
}

describe.runIf(path).concurrent.each(Object.entries(libraries))('on %s', (_, open) => {
  test('a connection that is dead without a word is found by a ping, and listeners are told', async () => {
    await using redis = await startRedis();
    const network = await startNetwork(redis.port);
    const own = await open(network.port);
    const errors: unknown[] = [];
    const pings = { everyMs: 100, answerMs: 1_000 };
    const connection = connectionOf(own.client);
    const listeners = new ChangeListeners(
      ({ onChange, ...handlers }) => connection.listen('changes', { ...handlers, onMessage: onChange }),
      (error) => errors.push(error),
      pings,
    );
    const news: (string | undefined)[] = [];
    listeners.subscribe('name', (each) => news.push(each));
    await vi.waitFor(() => expect(news).toEqual(['missed']), 10_000);
    // Pings that are answered change nothing.
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect([news, errors]).toEqual([['missed'], []]);
    network.cut();
    const admin = new Redis(redis.port, '127.0.0.1');
    await admin.publish('changes', 'name');
    await vi.waitFor(() => expect(news).toEqual(['missed', 'missed']), { timeout: 5_000 });
    expect(errors).toHaveLength(1);
    await admin.publish('changes', 'name');
    await vi.waitFor(() => expect(news).toEqual(['missed', 'missed', undefined]), 10_000);
    listeners.close();
    admin.disconnect();
    await own.end();
    network.close();
  });
});
