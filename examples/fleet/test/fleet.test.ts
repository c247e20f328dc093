import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  freePort,
  type RedisNode,
  redisServer,
  type ServerProcess,
  startRedis,
  startServer,
} from '@internal/test-tools';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

interface State {
  readonly states: readonly (number | null)[];
  readonly calls: { readonly login: number; readonly refresh: number };
}

const accounts = 30;
const lifeMs = 6_000;

describe.runIf(redisServer().path)('two workers and a page', () => {
  let redis: RedisNode;
  let page: ServerProcess;
  let workers: ChildProcess;

  const state = async (): Promise<State> => (await fetch(`${page.url}/state`)).json() as Promise<State>;
  const dead = ({ states }: State): number => states.filter((leftMs) => !leftMs).length;

  beforeAll(async () => {
    redis = await startRedis();
    const environment = {
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      ACCOUNTS: String(accounts),
      LIFE_MS: String(lifeMs),
      AUTH_URL: `http://127.0.0.1:${await freePort()}/password-refresh`,
      PORT: '0',
    };
    page = await startServer(new URL('../src/page.ts', import.meta.url), environment);
    workers = fork(fileURLToPath(new URL('../src/workers.ts', import.meta.url)), {
      env: environment,
      stdio: 'ignore',
    });
  });
  afterAll(async () => {
    workers.kill('SIGTERM');
    expect(await once(workers, 'exit')).toEqual([0, null]);
    await page.stop();
    await redis[Symbol.asyncDispose]();
  });

  test('every account has a living token, by one login', async () => {
    expect(await (await fetch(page.url)).text()).toContain('A fleet of accounts');
    await vi.waitFor(async () => expect(dead(await state())).toBe(0), 20_000);
    // A life later all of them live, by refreshes alone.
    await new Promise((resolve) => setTimeout(resolve, lifeMs));
    await vi.waitFor(async () => expect(dead(await state())).toBe(0), 20_000);
    const { calls } = await state();
    expect(calls.login).toBe(accounts);
    expect(calls.refresh).toBeGreaterThanOrEqual(accounts);
  });
});
