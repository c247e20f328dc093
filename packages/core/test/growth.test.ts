import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type AuthProvider, createAuthSession } from '../src/index.js';
import { hour } from './support/durations.js';
import { ManualClock } from './support/manual-clock.js';
import { noTimers } from './support/scene.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What earlier test files have left is freed first: they share the process. */
async function heapUsed(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

test('sixteen refreshes later a session is hardly larger', { tags: ['fault-114'] }, async () => {
  const clock = new ManualClock();
  let issued = 1_000_000;
  const issue = async () => ({
    accessToken: `access-${++issued}`,
    refreshToken: `refresh-${issued}`,
    expiresInMs: hour,
  });
  const provider: AuthProvider = {
    name: 'fake',
    issuer: 'https://auth.example.com',
    account: 'ada',
    allowedOrigins: ['https://api.example.com'],
    prepareLogin: () => ({ secrets: ['pw'], login: issue }),
    refresh: issue,
  };
  const sessions = Array.from({ length: 2_000 }, (_, index) =>
    createAuthSession({ ...provider, account: `account-${index}` }, { clock, scheduler: noTimers }),
  );
  const refreshAll = async (): Promise<void> => {
    await clock.advance(2 * hour);
    for (const session of sessions) await session.getTokens();
  };
  for (let round = 0; round < 2; round++) await refreshAll();
  const before = await heapUsed();
  for (let round = 0; round < 16; round++) await refreshAll();
  const grownBytes = (await heapUsed()) - before;
  expect(grownBytes / sessions.length).toBeLessThan(150);
  expect(issued).toBe(1_000_000 + 18 * sessions.length);
});
