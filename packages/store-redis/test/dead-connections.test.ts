import { ChangeListeners } from '@auth/core';
import { redisServer, startNetwork, startRedis } from '@internal/test-tools';
import { Redis } from 'ioredis';
import { describe, expect, test, vi } from 'vitest';
import { connectionOf } from '../src/client.js';
import { libraries } from './support/clients.js';

const { path } = redisServer();

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
