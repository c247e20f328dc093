import { type QueueEngine, queueSuite, type TestFunction } from '@auth/testing/conformance';
import { queuePeers } from '@auth/testing/processes';
import { type PostgresServer, postgresServer, startPostgres } from '@internal/test-tools';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import { pgBossQueue } from '../src/index.js';

const { path } = postgresServer();
// Their time passes in waiting.
vi.setConfig({ maxConcurrency: 8, testTimeout: 250_000, hookTimeout: 60_000 });

const startPeer = queuePeers(new URL('support/peer-queue.ts', import.meta.url));

let server: PostgresServer;
let pool: Pool;

beforeAll(async () => {
  if (path === undefined) return;
  server = await startPostgres();
  pool = new Pool({ connectionString: server.url });
  // Each queue listens to it.
  pool.setMaxListeners(0);
});
afterAll(async () => {
  await pool?.end();
  await server?.[Symbol.asyncDispose]();
});

async function startEngine(): Promise<QueueEngine> {
  const own = await startPostgres();
  const ownPool = new Pool({ connectionString: own.url });
  return {
    open: () => pgBossQueue({ pool: ownPool }),
    stop: () => own.kill(),
    start: () => own.restart(),
    [Symbol.asyncDispose]: async () => {
      await ownPool.end();
      await own[Symbol.asyncDispose]();
    },
  };
}

/** Dead workers take their time, a run that threw, and processes of other clocks. */
const slowTests = /killed|throws|clock|version|due at once/;
function tagsOf(name: string): string[] {
  // It waits for five dead workers, one after the other.
  if (name.includes('five workers')) return ['longest'];
  return slowTests.test(name) ? ['long'] : [];
}
const inItsTime: TestFunction = (name, run) => test(name, { tags: tagsOf(name) }, run);

describe.runIf(path).concurrent('pgBossQueue', () => {
  queueSuite(inItsTime, (name) => () => pgBossQueue({ pool, name }), {
    lateMs: 1_500,
    retryMs: 31_000,
    deadWorkerMs: 40_000,
    openPeer: (place) => {
      process.env['POSTGRES_URL'] = server.url;
      return startPeer(place);
    },
    startEngine,
    sharesRate: true,
  });
});
