import { type ManualClock, manualClock } from '@auth/testing/clock';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { type RedisNode, redisServer, startRedis } from '@internal/test-tools';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHandler } from '../src/handler.js';

const minuteMs = 60_000;

describe.runIf(redisServer().path)('a serverless function', () => {
  let redis: RedisNode;
  let clock: ManualClock;
  let emulator: RunningEmulator;
  let clients: Redis[];

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());
  beforeEach(async () => {
    clock = manualClock(Date.now());
    emulator = await startEmulator({ clock, api: { passwordRefresh: () => Response.json(['trip-1']) } });
    clients = [];
  });
  afterEach(async () => {
    await clients[0]?.flushall();
    for (const client of clients) client.disconnect();
    await emulator.close();
  });

  /** An instance shares only Redis with the others. `works` collects what its requests pass to waitUntil. */
  function startInstance(changes: { readonly password?: string } = {}) {
    const client = new Redis(redis.port, '127.0.0.1');
    clients.push(client);
    const { options } = emulator.passwordRefresh;
    const handle = createHandler(client, options.baseUrl, { ...options, ...changes, clock });
    const works: Promise<unknown>[] = [];
    const request = async (): Promise<unknown> => {
      const context = { waitUntil: (work: Promise<unknown>) => void works.push(work) };
      return (await handle(new Request('https://function.example/'), context)).json();
    };
    return { request, works };
  }
  const exchanges = (): string[] =>
    emulator.passwordRefresh.ledger.entries.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);

  test('instances that start at once share one login', async () => {
    const answers = Array.from({ length: 5 }, () => startInstance().request());
    expect(new Set((await Promise.all(answers)).map(String))).toEqual(new Set(['trip-1']));
    expect(exchanges()).toEqual(['login issued']);
  });

  test('an advisory refresh delays no answer, and is passed to waitUntil', async () => {
    const { request, works } = startInstance();
    await request();
    await Promise.all(works.splice(0));
    await clock.advance(55 * minuteMs);
    emulator.passwordRefresh.set({ delayBeforeCommitMs: minuteMs / 60 });
    expect(await request()).toEqual(['trip-1']);
    expect(exchanges()).toEqual(['login issued']);
    expect(works).toHaveLength(1);
    // The request reaches the server over a real socket: its delay begins whenever it arrives.
    await vi.waitFor(
      async () => {
        await clock.advance(100);
        expect(exchanges()).toEqual(['login issued', 'refresh issued']);
      },
      { timeout: 10_000 },
    );
    await works[0];
  });

  test('after the work passed to waitUntil nothing runs in the instance', async () => {
    const { request, works } = startInstance();
    await request();
    await Promise.all(works);
    expect(clock.timers).toBe(0);
    await clock.advance(10 * 24 * 60 * minuteMs);
    expect(exchanges()).toEqual(['login issued']);
  });

  test('only one instance sends a wrong password', async () => {
    const wrong = { password: 'not-the-password' };
    expect(await startInstance(wrong).request()).toEqual({ error: 'invalid_credentials' });
    expect(await startInstance(wrong).request()).toEqual({ error: 'login_blocked' });
    expect(exchanges()).toEqual(['login refused']);
  });
});
