import { constants } from 'node:os';
import type { Listening } from './listening.js';

/** How long requests under way may take after a signal. */
const patienceMs = 10_000;

/**
 * Resolves after SIGINT or SIGTERM, once the requests under way have ended, at most ten seconds later. A second signal ends the
 * program at once.
 */
export async function untilSignalled(listening: Listening): Promise<void> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  await new Promise<void>((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve());
  });
  // `exit` removes the socket, as a signal's own end would not.
  for (const signal of signals) process.once(signal, () => process.exit(128 + constants.signals[signal]));
  await listening.close(patienceMs);
}
