/** A program that keeps its token alive, asks for it now and then, and says in the end how long it had to wait. */
import { createJwtLoginAuth } from '@auth/jwt-login';
import { fileStore } from '@auth/store-file';

export interface KeptAlive {
  readonly account: Parameters<typeof createJwtLoginAuth>[0];
  readonly directory: string;
  readonly loginAhead: boolean;
  readonly askEveryMs: number;
}

const { account, directory, loginAhead, askEveryMs } = JSON.parse(process.argv[2] as string) as KeptAlive;
const session = createJwtLoginAuth({
  ...account,
  store: fileStore({ directory }),
  loginAhead,
  keepAlive: true,
  maxLoginsPerHour: 2_000,
});
let longestMs = 0;
await session.getTokens();
process.send?.('ready');
const asking = setInterval(async () => {
  const askedAt = performance.now();
  await session.getTokens();
  longestMs = Math.max(longestMs, performance.now() - askedAt);
}, askEveryMs);
process.on('SIGTERM', async () => {
  clearInterval(asking);
  await session.close();
  process.send?.({ longestMs });
  process.disconnect();
});
