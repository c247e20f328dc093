/** Starts an auth server for the accounts, and a page that shows how long each one's token still lives. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { redisStore } from '@auth/store-redis';
import { startEmulator } from '@auth/testing/emulator';
import { Redis } from 'ioredis';
import { authUrl, openAccount, passwordOf, refs } from './accounts.ts';

const lifeMs = Number(process.env['LIFE_MS'] ?? 60_000);

const emulator = await startEmulator({ port: Number(new URL(authUrl).port) });
const server = emulator.passwordRefresh;
server.set({ accessTokenLifetimeMs: lifeMs, refreshTokenLifetimeMs: 24 * 3_600_000 });
for (const ref of refs) server.addAccount(ref, passwordOf(ref));

const client = new Redis(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379');
client.on('error', () => {});
const store = redisStore({ client });
const sessions = refs.map((ref) => openAccount(ref, store));

/** How long the token of each account still lives, milliseconds; null: there is none. */
function statesOf(): Promise<(number | null)[]> {
  return Promise.all(
    sessions.map(async (session) => {
      const { expiresAt } = await session.status();
      return expiresAt === undefined ? null : Math.max(0, expiresAt - Date.now());
    }),
  );
}

const html = readFileSync(new URL('page.html', import.meta.url));
const page = createServer(async ({ url }, response) => {
  if (url !== '/state') return response.setHeader('content-type', 'text/html').end(html);
  const { logins, refreshes } = server.ledger;
  const state = { states: await statesOf(), lifeMs, calls: { login: logins, refresh: refreshes } };
  return response.setHeader('content-type', 'application/json').end(JSON.stringify(state));
});
page.listen(Number(process.env['PORT'] ?? 4480), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(page.address() as AddressInfo).port}`);
});

process.once('SIGTERM', () => process.exit());
