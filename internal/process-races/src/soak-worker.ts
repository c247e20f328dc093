/** One process of the soak: calls the API in a loop, and reports how each call went. */
import { isAuthError } from '@auth/core';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { openStore } from './store-place.ts';
import type { WorkerOptions } from './worker-protocol.ts';

/** How a call went: `'answered'`, the status of a refusal, or the code of an error. */
export interface CallReport {
  readonly type: 'call';
  readonly result: string;
}

/** Memory and handles of the process after a full garbage collection. */
export interface SizeReport {
  readonly type: 'size';
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** Sockets, timers, files and the like that keep the process alive. */
  readonly handles: number;
}

const pauseMs = 20;
const mebibyte = 1_048_576;
const [, , text = ''] = process.argv;
const { place, apiUrl, ...account } = JSON.parse(text) as WorkerOptions;
// Far more logins than any program should need: sessions end here every few seconds.
const session = createJwtLoginAuth({ ...account, store: await openStore(place), maxLoginsPerHour: 100_000 });

process.on('message', () => {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  report({
    type: 'size',
    rssMiB: Math.round(rss / mebibyte),
    heapMiB: Math.round((heapUsed / mebibyte) * 10) / 10,
    handles: process.getActiveResourcesInfo().length,
  });
});
process.on('disconnect', () => process.exit());
process.on('unhandledRejection', (reason) => report({ type: 'call', result: `unhandled ${reason}` }));

for (;;) {
  report({ type: 'call', result: await call() });
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}

async function call(): Promise<string> {
  try {
    const response = await session.fetch(apiUrl);
    await response.arrayBuffer();
    return response.ok ? 'answered' : String(response.status);
  } catch (error) {
    return isAuthError(error) ? error.code : `untyped ${error}`;
  }
}

function report(message: CallReport | SizeReport): void {
  process.send?.(message);
}
