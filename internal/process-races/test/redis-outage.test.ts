import { createBearerLoginAuth } from '@auth/bearer-login';
import { type AuthEvent, type AuthSession, isAuthError } from '@auth/core';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { redisStore } from '@auth/store-redis';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { type RedisNode, redisServer, startRedis } from '@internal/test-tools';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const { path } = redisServer();
const leaseMs = 1_000;
let redis: RedisNode;
let emulator: RunningEmulator;
const clients: Redis[] = [];
let events: AuthEvent[];

beforeEach(async () => {
  events = [];
  [redis, emulator] = await Promise.all([startRedis(), startEmulator()]);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await emulator.close();
  await redis[Symbol.asyncDispose]();
});

/** A store with a client of its own, as another machine would have it. */
function openStore() {
  const client = new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: 1 });
  client.on('error', () => {});
  clients.push(client);
  return redisStore({ client, leaseMs });
}

const uniPoll = (): AuthSession =>
  createJwtLoginAuth({
    ...emulator.jwtLogin.options,
    store: openStore(),
    onEvent: (event) => events.push(event),
    timeouts: { storeMs: 1_000 },
  }) as AuthSession;
const calls = (server: { ledger: RunningEmulator['jwtLogin']['ledger'] }): string[] =>
  server.ledger.entries.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);
const codeOf = (error: unknown): string => (isAuthError(error) ? error.code : String(error));

describe.runIf(path)('Redis', () => {
  test('an exchange takes two seconds and a lease one: the lease is renewed, and nobody else sends', {
    tags: ['fault-14'],
    timeout: 20_000,
  }, async () => {
    emulator.jwtLogin.set({ delayBeforeCommitMs: 2_000 });
    const sessions = [uniPoll(), uniPoll(), uniPoll()];
    const tokens = await Promise.all(sessions.map((session) => session.getAccessToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(calls(emulator.jwtLogin)).toEqual(['login issued']);
  });

  test('killed during an exchange and restarted empty: the pair is served, and saved again', {
    tags: ['fault-19'],
    timeout: 20_000,
  }, async () => {
    const session = uniPoll();
    await session.getAccessToken();
    emulator.jwtLogin.set({ delayBeforeCommitMs: 300 });
    const refreshed = session.getTokens({ forceRefresh: true });
    await new Promise((resolve) => setTimeout(resolve, 150));
    await redis.kill();
    const tokens = await refreshed;
    expect((await session.fetch(emulator.jwtLogin.apiUrl)).status).toBe(200);
    expect(events.map(({ type }) => type)).toContain('store_failed');
    await redis.restart();
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('store_recovered'), {
      timeout: 10_000,
    });
    const other = uniPoll();
    expect((await other.getTokens()).id).toBe(tokens.id);
    expect(calls(emulator.jwtLogin)).toEqual(['login issued', 'refresh issued']);
  });

  test('down: a session uses the token it has, then fails soon with store_failed, and recovers by itself', async () => {
    const session = uniPoll();
    await session.getAccessToken();
    await redis.kill();
    expect((await session.fetch(emulator.jwtLogin.apiUrl)).status).toBe(200);
    const startedAt = performance.now();
    const error = await session.getTokens({ forceRefresh: true }).catch((thrown: unknown) => thrown);
    expect(codeOf(error)).toBe('store_failed');
    expect(isAuthError(error) && error.retryable).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    // A program that starts now sends nothing, because it could not save the answer.
    expect(await uniPoll().getAccessToken().catch(codeOf)).toBe('store_failed');
    expect(calls(emulator.jwtLogin)).toEqual(['login issued']);
    await redis.restart();
    // This Redis forgets everything when it stops: the session writes back what it holds.
    const { id } = await session.getTokens();
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('store_recovered'), {
      timeout: 10_000,
    });
    expect((await uniPoll().getTokens()).id).toBe(id);
    expect(calls(emulator.jwtLogin)).toEqual(['login issued']);
  }, 20_000);

  test('a fail-over that forgets the lock: the second session is refused, reads again and adopts', {
    tags: ['fault-16'],
    timeout: 20_000,
  }, async () => {
    const { bearerLogin } = emulator;
    const open = (): AuthSession =>
      createBearerLoginAuth({ ...bearerLogin.options, store: openStore() }) as AuthSession;
    const [one, other] = [open(), open()];
    await one.getAccessToken();
    await other.getAccessToken();
    bearerLogin.set({ delayBeforeCommitMs: 1_500 });
    const first = one.getTokens({ forceRefresh: true });
    const admin = new Redis(redis.port, '127.0.0.1');
    clients.push(admin);
    const [lock] = await vi.waitFor(async () => {
      const locks = await admin.keys('*:lock');
      expect(locks).toHaveLength(1);
      return locks;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await admin.del(lock as string);
    const second = other.getTokens({ forceRefresh: true });
    expect((await second).id).toBe((await first).id);
    expect(calls(bearerLogin)).toEqual(['login issued', 'refresh issued', 'refresh reused']);
    expect((await other.fetch(bearerLogin.apiUrl)).status).toBe(200);
  });

  test('a sign-out on one machine reaches the others', async () => {
    const [one, other] = [uniPoll(), uniPoll()];
    await one.getAccessToken();
    await other.getAccessToken();
    await one.signOut();
    await vi.waitFor(
      async () => expect(await other.getAccessToken().catch(codeOf)).toBe('signed_out'),
      10_000,
    );
  });
});
