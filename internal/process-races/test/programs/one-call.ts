/** A program that asks once for a token, an hour ahead or not, and ends at once: by itself, or when it is told to. */
import { systemClock, timerScheduler } from '@auth/core';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { fileStore } from '@auth/store-file';

export interface OneCall {
  readonly account: Parameters<typeof createJwtLoginAuth>[0];
  readonly directory: string;
  readonly aheadMs: number;
}

const { account, directory, aheadMs } = JSON.parse(process.argv[2] as string) as OneCall;
const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
const session = createJwtLoginAuth({
  ...account,
  store: fileStore({ directory }),
  clock,
  scheduler: timerScheduler({ clock }),
});

let isEnding = false;
process.on('SIGTERM', async () => {
  isEnding = true;
  await session.close();
  process.exit(0);
});
const call = session.getAccessToken();
process.send?.('asked');
await call;
if (!isEnding) process.exit(0);
