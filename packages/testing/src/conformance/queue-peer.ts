import { pause, type QueueUnderTest } from './queue-scene.js';

/** A command of the suite to a worker that is a process of its own. Plain data, because it is sent there. */
export type QueuePeerCommand =
  /** Begins to work. A run that hangs never ends; the others take `runMs` and come again `nextInMs` after that. */
  | { readonly do: 'work'; readonly hang?: boolean; readonly runMs?: number; readonly nextInMs?: number }
  /** Returns the accounts that were run, in order. */
  | { readonly do: 'runs' }
  /** From now on the process takes the time to be so much later, or earlier. */
  | { readonly do: 'shiftClock'; readonly byMs: number };

/** A worker in another process. */
export interface QueuePeer {
  run(command: QueuePeerCommand): Promise<unknown>;
  /** Ends it without giving it time for anything. */
  kill(): Promise<void>;
}

/** Carries out the suite's commands on a queue, on the peer's side. */
export function serveQueuePeer(queue: QueueUnderTest): (command: QueuePeerCommand) => Promise<unknown> {
  const runs: string[] = [];
  return async (command) => {
    switch (command.do) {
      case 'work': {
        const { hang = false, runMs = 0, nextInMs = 0 } = command;
        queue.work(
          async ({ ref }) => {
            runs.push(ref);
            if (hang) await new Promise(() => {});
            await pause(runMs);
            return { nextAt: Date.now() + nextInMs };
          },
          { concurrency: 4, onError: () => {} },
        );
        return true;
      }
      case 'runs':
        return runs;
      case 'shiftClock': {
        const now = Date.now.bind(Date);
        Date.now = () => now() + command.byMs;
        return true;
      }
    }
  };
}
