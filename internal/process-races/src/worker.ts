/** One of the processes: a session on the shared store, which does what its parent says. */
import { isAuthError, systemClock } from '@auth/core';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { pauseAt } from './pause-points.ts';
import { openStore } from './store-place.ts';
import type { WorkerCommand, WorkerMessage, WorkerOptions } from './worker-protocol.ts';

const [, , text = ''] = process.argv;
const { place, apiUrl, stopAt, ...account } = JSON.parse(text) as WorkerOptions;

/** Ends the wait at `stopAt`. */
let goOn = (): void => {};
let offsetMs = 0;
const session = createJwtLoginAuth({
  ...account,
  ...pauseAt(
    stopAt,
    (at) => {
      say({ say: 'waiting', at });
      return new Promise((resolve) => {
        goOn = resolve;
      });
    },
    await openStore(place),
  ),
  // The parent moves both clocks ahead by the same offset.
  clock: {
    ...systemClock,
    now: () => systemClock.now() + offsetMs,
    monotonic: () => systemClock.monotonic() + offsetMs,
  },
});

process.on('message', (command: WorkerCommand) => void obey(command));
process.on('disconnect', () => process.exit());
say({ say: 'ready' });

async function obey(command: WorkerCommand): Promise<void> {
  switch (command.do) {
    case 'token': {
      offsetMs = command.offsetMs;
      await until(command.startAt);
      const error = await session.getAccessToken().then(
        () => undefined,
        (thrown: unknown) => (isAuthError(thrown) ? thrown.code : String(thrown)),
      );
      return say({ say: 'token', tookMs: Date.now() - command.startAt, ...(error && { error }) });
    }
    case 'call':
      return say({ say: 'status', status: (await session.fetch(apiUrl)).status });
    case 'go':
      return goOn();
  }
}

/** Sleeps, and spins for the last milliseconds: all processes begin in the same one. */
async function until(at: number): Promise<void> {
  const spinMs = 3;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now() - spinMs)));
  while (Date.now() < at) await undefined;
}

function say(message: WorkerMessage): void {
  process.send?.(message);
}
