/** One process of the soak: calls the API without end, and counts. */
import { isAuthError } from '@auth/core';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { openStore } from './store-place.ts';
import type { WorkerOptions } from './worker-protocol.ts';

/** What a worker has seen since it was asked last. */
export interface SoakCount {
  readonly calls: number;
  readonly answered: number;
  /** Codes of errors, and how often. */
  readonly failures: Readonly<Record<string, number>>;
  readonly rssMiB: number;
  /** Sockets, timers, files and the like that hold the process open. */
  readonly handles: number;
}

const pauseMs = 20;
const [, , text = ''] = process.argv;
const { place, apiUrl, ...account } = JSON.parse(text) as WorkerOptions;
// Far more logins than any program should need: sessions end here every few seconds.
const session = createJwtLoginAuth({ ...account, store: openStore(place), maxLoginsPerHour: 100_000 });
let counts = { calls: 0, answered: 0, failures: {} as Record<string, number> };

process.on('message', () => {
  const rssMiB = Math.round(process.memoryUsage.rss() / 1_048_576);
  process.send?.({ ...counts, rssMiB, handles: process.getActiveResourcesInfo().length } satisfies SoakCount);
  counts = { calls: 0, answered: 0, failures: {} };
});
process.on('disconnect', () => process.exit());
process.on('unhandledRejection', (reason) => fail(`unhandled ${reason}`));

for (;;) {
  counts.calls++;
  try {
    const response = await session.fetch(apiUrl);
    await response.arrayBuffer();
    if (response.ok) counts.answered++;
    else fail(String(response.status));
  } catch (error) {
    fail(isAuthError(error) ? error.code : `untyped ${error}`);
  }
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}

function fail(code: string): void {
  counts.failures[code] = (counts.failures[code] ?? 0) + 1;
}
