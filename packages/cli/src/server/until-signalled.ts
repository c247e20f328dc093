import type { Server } from 'node:http';

/** How long requests under way may take after a signal. */
const patienceMs = 10_000;

/** Resolves after SIGINT or SIGTERM, once the requests under way have ended, at most ten seconds later. */
export async function untilSignalled(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const late = setTimeout(() => server.closeAllConnections(), patienceMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(late);
}
