import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore } from '@auth/core';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import {
  type RedisNode,
  redisServer,
  type ServerProcess,
  startRedis,
  startServer,
} from '@internal/test-tools';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tenantSessions } from '../src/sessions.js';
import type { Tenant } from '../src/tenants.js';

const tenants: readonly Tenant[] = Array.from({ length: 50 }, (_, index) => ({
  name: `tenant-${index}`,
  apiKeyHash: hashOf(`key-${index}`),
  username: `carrier-${index}@example.com`,
  password: `password-${index}`,
}));
let emulator: RunningEmulator;

beforeAll(async () => {
  emulator = await startEmulator({
    api: { passwordRefresh: (request) => Response.json([ownerOf(request)]) },
  });
  for (const { username, password } of tenants) emulator.passwordRefresh.addAccount(username, password);
});
afterAll(() => emulator.close());
beforeEach(() => emulator.passwordRefresh.reset());

/** Whose token a call carried. */
function ownerOf({ headers }: Request): string {
  const payload = headers.get('authorization')?.split('.')[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString()).sub;
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

describe.runIf(redisServer().path)('two processes on one Redis', () => {
  let folder: string;
  let redis: RedisNode;
  let servers: readonly ServerProcess[];

  beforeAll(async () => {
    redis = await startRedis();
    folder = mkdtempSync(join(tmpdir(), 'express-tenants-'));
    const tenantsFile = join(folder, 'tenants.json');
    // A tenant whose account Simacan no longer knows.
    const stranger = { ...tenants[0], name: 'stranger', apiKeyHash: hashOf('stranger'), username: 'nobody' };
    writeFileSync(tenantsFile, JSON.stringify([...tenants, stranger]));
    const { baseUrl } = emulator.passwordRefresh.options;
    const environment = {
      SIMACAN_AUTH_URL: baseUrl,
      SIMACAN_API_URL: baseUrl,
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      TENANTS_FILE: tenantsFile,
      PORT: '0',
    };
    const program = new URL('../src/main.ts', import.meta.url);
    servers = await Promise.all([startServer(program, environment), startServer(program, environment)]);
  });
  afterAll(async () => {
    expect(await Promise.all(servers.map((server) => server.stop()))).toEqual([0, 0]);
    await redis[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const ask = (server: ServerProcess, key: string): Promise<Response> =>
    fetch(`${server.url}/trips`, { headers: { 'x-api-key': key } });
  /** Calls both processes as every tenant, at the same time; returns the answers. */
  const askAll = (): Promise<unknown[][]> =>
    Promise.all(
      servers.map((server) =>
        Promise.all(tenants.map(async (_, index) => (await ask(server, `key-${index}`)).json())),
      ),
    );
  const callersOf = (endpoint: string): (string | undefined)[] =>
    emulator.passwordRefresh.ledger.entries
      .filter((entry) => entry.endpoint === endpoint)
      .map(({ account }) => account)
      .toSorted();
  const everyone = tenants.map(({ username }) => username).toSorted();
  const ownTrips = tenants.map(({ username }) => [username]);

  test('each tenant sees their own trips, after one login for both processes', async () => {
    expect(await askAll()).toEqual([ownTrips, ownTrips]);
    expect(callersOf('login')).toEqual(everyone);
    emulator.passwordRefresh.revokeAccessTokens();
    expect(await askAll()).toEqual([ownTrips, ownTrips]);
    expect(callersOf('login')).toEqual(everyone);
    expect(callersOf('refresh')).toEqual(everyone);
  });

  test('an unknown API key opens no session', async () => {
    expect((await ask(servers[0] as ServerProcess, 'key-50')).status).toBe(401);
    expect(emulator.passwordRefresh.ledger).toMatchObject({ tokenCalls: 0, apiCallsAccepted: 0 });
  });

  test('both processes report a tenant’s wrong password, which is sent to Simacan once', async () => {
    const answers = [];
    for (const server of servers) answers.push(await ask(server, 'stranger'));
    expect(answers.map(({ status }) => status)).toEqual([502, 502]);
    expect(await answers[1]?.json()).toEqual({ error: 'login_blocked' });
    expect(emulator.passwordRefresh.ledger.entries).toMatchObject([
      { account: 'nobody', outcome: 'refused' },
    ]);
  });
});

test('a tenant whose session was closed to make room needs no new login', async () => {
  const { baseUrl } = emulator.passwordRefresh.options;
  const sessions = tenantSessions({ baseUrl, store: memoryStore(), maxOpen: 10 });
  const visits = [...tenants, ...tenants].map((tenant) => () => sessions.of(tenant));
  for (const open of visits) expect((await open().fetch(`${baseUrl}/trips`)).status).toBe(200);
  expect(emulator.passwordRefresh.ledger).toMatchObject({ logins: 50, refreshes: 0, apiCallsAccepted: 100 });
  await sessions.close();
});
