/** Prints how many bytes of heap sixteen refreshes add to a session. Run with --expose-gc. */
import { type AuthProvider, type AuthSession, createAuthSession } from '../../dist/index.js';
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
const open = (count: number): AuthSession[] =>
  Array.from({ length: count }, (_, index) =>
    createAuthSession({ ...provider, account: `account-${index}` }, { clock, scheduler }),
  );
async function refresh(sessions: readonly AuthSession[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await clock.advance(2 * hour);
    for (const session of sessions) await session.getTokens();
  }
}

// Code that is compiled while it is measured would count too.
await refresh(open(100), 100);
const sessions = open(2_000);
await refresh(sessions, 2);
const before = await heapUsed();
const issuedBefore = issued;
await refresh(sessions, 16);
const grownBytes = (await heapUsed()) - before;
if (issued !== issuedBefore + 16 * sessions.length) throw new Error(`${issued - issuedBefore} exchanges`);
process.stdout.write(String(grownBytes / sessions.length));
