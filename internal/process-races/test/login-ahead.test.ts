import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmulator } from '@auth/testing/emulator';
import { expect, test } from 'vitest';
import type { KeptAlive } from './programs/kept-alive.ts';

const program = fileURLToPath(new URL('programs/kept-alive.ts', import.meta.url));
const processes = 8;
/** More than a life: who asks so seldom finds its set over, unless somebody has renewed it. */
const askShare = 1.05;
/** A login takes so long, and whoever has to wait for one waits at least as long. */
const loginMs = 400;

/** What eight processes on one store at a vendor without refresh tokens had to wait, and how many logins there were. */
async function live(lives: number, lifeMs: number, loginAhead: boolean) {
  await using emulator = await startEmulator();
  const server = emulator.jwtLogin;
  server.set({ accessTokenLifetimeMs: lifeMs, delayBeforeCommitMs: loginMs });
  server.omitFields('refresh_token');
  const directory = mkdtempSync(join(tmpdir(), 'login-ahead-'));
  const options: KeptAlive = {
    account: server.options,
    directory,
    loginAhead,
    askEveryMs: askShare * lifeMs,
  };
  const children = Array.from({ length: processes }, () => fork(program, [JSON.stringify(options)]));
  await Promise.all(children.map((child) => once(child, 'message')));
  await new Promise((resolve) => setTimeout(resolve, lives * lifeMs));
  const said = children.map((child) => once(child, 'message'));
  for (const child of children) child.kill('SIGTERM');
  const waits = (await Promise.all(said)).map(([{ longestMs }]) => longestMs as number);
  rmSync(directory, { recursive: true });
  return { logins: server.ledger.logins, longestMs: Math.max(...waits) };
}

/** A set is renewed after 75 to 85 % of its life. */
const most = (lives: number): number => Math.ceil(lives / 0.75) + 1;

test('eight processes with loginAhead: one login a life, and nobody waits at its end', {
  tags: ['long'],
  timeout: 60_000,
}, async () => {
  const { logins, longestMs } = await live(2.5, 8_000, true);
  expect(longestMs).toBeLessThan(loginMs);
  expect(logins).toBeGreaterThanOrEqual(3);
  expect(logins).toBeLessThanOrEqual(most(2.5));
});

test('without it somebody waits', { tags: ['long'], timeout: 60_000 }, async () => {
  const { longestMs } = await live(1.3, 8_000, false);
  expect(longestMs).toBeGreaterThanOrEqual(loginMs);
});

test('three minutes of it, with lives of twenty seconds', {
  tags: ['longest'],
  timeout: 240_000,
}, async () => {
  const { logins, longestMs } = await live(9, 20_000, true);
  expect(longestMs).toBeLessThan(loginMs);
  expect(logins).toBeLessThanOrEqual(most(9));
});
