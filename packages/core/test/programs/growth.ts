/** Prints how many bytes of heap sixteen refreshes add to a session. Run with --expose-gc. */
import { type AuthProvider, createAuthSession } from '../../dist/index.js';
import { hour } from '../support/durations.ts';
import { ManualClock } from '../support/manual-clock.ts';

async function heapUsed(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    (globalThis as unknown as { readonly gc: () => void }).gc();
  }
  return process.memoryUsage().heapUsed;
}

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
const scheduler = { schedule: () => () => {} };
const sessions = Array.from({ length: 2_000 }, (_, index) =>
  createAuthSession({ ...provider, account: `account-${index}` }, { clock, scheduler }),
);
async function refreshAll(): Promise<void> {
  await clock.advance(2 * hour);
  for (const session of sessions) await session.getTokens();
}

for (let round = 0; round < 2; round++) await refreshAll();
const before = await heapUsed();
for (let round = 0; round < 16; round++) await refreshAll();
const grownBytes = (await heapUsed()) - before;
if (issued !== 1_000_000 + 18 * sessions.length) throw new Error(`${issued} exchanges`);
process.stdout.write(String(grownBytes / sessions.length));
