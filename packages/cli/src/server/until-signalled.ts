import { endingSignals, exitCodeAfter } from '../with-session.js';
import type { Listening } from './listening.js';

/** How long requests under way may take after a signal. */
const patienceMs = 10_000;

/**
 * Resolves after SIGINT, SIGTERM or SIGHUP, once the requests under way have ended, at most ten seconds later. A second signal ends the
 * program at once.
 */
export async function untilSignalled(listening: Listening): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of endingSignals) process.once(signal, () => resolve());
  });
  // `exit` removes the socket, as a signal's own end would not.
  for (const signal of endingSignals) process.once(signal, () => process.exit(exitCodeAfter(signal)));
  await listening.close(patienceMs);
}
