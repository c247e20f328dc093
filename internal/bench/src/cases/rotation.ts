/** What an exchange costs that goes through the session and a store in Redis: CPU time, and what stays on the heap. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type AuthProvider,
  type AuthSession,
  createAuthSession,
  type IssuedTokens,
  type TokenRecord,
  type TokenStore,
} from '@auth/core';
import { redisStore } from '@auth/store-redis';
import { startRedis } from '@internal/test-tools';
import { Redis } from 'ioredis';
import { sendByHand } from '../by-hand/redis-rotation.ts';
import { timeAll } from '../measure.ts';
import { recordCommands } from '../redis-commands.ts';
import { atMost, type CaseResult, round } from '../result.ts';
import { heap } from './sessions.ts';

const mine = '@auth/core with @auth/store-redis';
const byHand = 'the same commands by hand';

export async function run(): Promise<CaseResult[]> {
  return [await throughRedis(), await growth()];
}

async function throughRedis(): Promise<CaseResult> {
  await using server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1');
  const commands = recordCommands(client);
  const exchange = issuer();
  const session = createAuthSession(providerOf(exchange), { store: redisStore({ client }) });
  await session.getTokens();
  const rotate = (): Promise<unknown> => session.getTokens({ forceRefresh: true });
  for (let count = 0; count < 100; count++) await rotate();
  const rotation = await commands.during(async () => {
    await rotate();
    await released(session);
  });
  const timings = await timeAll(
    [
      { name: mine, isOurs: true, run: rotate },
      {
        name: byHand,
        run: async () => {
          await exchange();
          await sendByHand(client as never, rotation);
        },
      },
    ],
    { rounds: 15, calls: 640 },
  );
  session.dispose();
  client.disconnect();
  const ratio = timings.ratio(mine, byHand, 'cpuNs');
  const row = (name: string, isOurs: boolean) => ({
    name,
    isOurs,
    values: [round(timings.of(name, 'cpuNs') / 1_000, 0), round(timings.ratio(name, byHand, 'cpuNs'))],
  });
  return {
    title: 'A rotation through Redis',
    about: [
      `A refresh that the session does under the store's lease, with a server that answers at once. By hand: the same ${rotation.length} commands by the same client, with nothing around them. CPU time is that of the client's process.`,
    ],
    columns: ['CPU µs', 'CPU against by hand'],
    rows: [row(mine, true), row(byHand, false)],
    targets: [atMost('a rotation through Redis, CPU against the same commands by hand', ratio, 1.7, '×')],
  };
}

/** What each session holds more after sixteen refreshes, on a store that is not on this heap. */
async function growth(): Promise<CaseResult> {
  const count = 20_000;
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  using database = new DatabaseSync(join(directory, 'records'));
  const exchange = issuer();
  // A text that was put together keeps its parts for a while; one that was parsed, as a server's answer is, has none.
  const provider = providerOf(async () => JSON.parse(JSON.stringify(await exchange())));
  const store = storeIn(database);
  // The first ones leave behind what the platform keeps of code and buffers, and are not counted.
  await grownBy(2_000, (index) => createAuthSession(provider, { store, key: `first-${index}` }));
  const grown = await grownBy(count, (index) => createAuthSession(provider, { store, key: `then-${index}` }));
  rmSync(directory, { recursive: true });
  return {
    title: 'After sixteen refreshes',
    about: ['What a session holds on the heap after sixteen refreshes beyond what it held after its login.'],
    columns: ['sessions', 'bytes more'],
    rows: [{ name: '@auth/core', isOurs: true, values: [count, Math.round(grown)] }],
    targets: [atMost('a session after 16 refreshes, heap bytes more', grown, 150, ' B', 0)],
  };
}

async function grownBy(count: number, open: (index: number) => AuthSession): Promise<number> {
  const sessions = Array.from({ length: count }, (_, index) => open(index));
  for (const session of sessions) await session.getAccessToken();
  const before = heap();
  for (let round = 0; round < 16; round++) {
    for (const [index, session] of sessions.entries()) {
      await session.getTokens({ forceRefresh: true });
      await session.getAccessToken();
      if (index % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const grown = (heap() - before) / count;
  for (const session of sessions) session.dispose();
  return grown;
}

function storeIn(database: DatabaseSync): TokenStore {
  database.exec('CREATE TABLE records (key TEXT PRIMARY KEY, id TEXT, value TEXT); BEGIN');
  const read = database.prepare('SELECT id, value FROM records WHERE key = ?');
  const write = database.prepare('REPLACE INTO records VALUES (?, ?, ?)');
  return {
    get: (key) => read.get(key) as unknown as TokenRecord | undefined,
    compareAndSet: (key, _, { id, value }) => write.run(key, id, value).changes === 1,
  };
}

/** Issues a new pair each time, as long as JWTs are. */
function issuer(): () => Promise<IssuedTokens> {
  let issued = 0;
  return async () => ({
    accessToken: `${'a'.repeat(470)}${String(++issued).padStart(10, '0')}`,
    refreshToken: `${'r'.repeat(470)}${String(issued).padStart(10, '0')}`,
    expiresInMs: 3_600_000,
  });
}

function providerOf(exchange: () => Promise<IssuedTokens>): AuthProvider {
  return {
    name: 'bench',
    issuer: 'http://127.0.0.1:9',
    account: 'ada',
    allowedOrigins: [],
    prepareLogin: () => ({ secrets: ['password'], login: exchange }),
    refresh: exchange,
  };
}

/** The lease is released after the caller was served: the next flight waits for that. */
async function released(session: AuthSession): Promise<void> {
  await session.status();
  await new Promise((resolve) => setTimeout(resolve, 20));
}
