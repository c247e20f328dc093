import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { QueuePeer, QueuePeerCommand } from '../conformance/queue-peer.js';
import type { PeerCommand, StorePeer } from '../conformance/store-peer.js';

/** The built file, because a child process cannot run the sources. */
const child = fileURLToPath(new URL('../../dist/processes/child.js', import.meta.url));

/**
 * Opens peers for `tokenStoreSuite` that are processes of their own (Node). Each imports `module`, which exports
 * `createStore(place: string)`: a store over the data of that place, such as a folder or a prefix of that name.
 */
export function processPeers(module: string | URL): (place: string) => Promise<StorePeer> {
  return (place) => startPeer(module, place);
}

/** The same for `queueSuite`: `module` exports `createQueue(place: string)`. */
export function queuePeers(module: string | URL): (place: string) => Promise<QueuePeer> {
  return (place) => startPeer(module, place);
}

async function startPeer(module: string | URL, place: string): Promise<StorePeer & QueuePeer> {
  const process = fork(child, [String(module), place], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = new Promise<void>((resolve) => process.once('exit', () => resolve()));
  await answerOf(process, ended);
  return {
    async run(command: PeerCommand | QueuePeerCommand) {
      process.send(command);
      return answerOf(process, ended);
    },
    async kill() {
      process.kill('SIGKILL');
      await ended;
    },
    freeze: () => void process.kill('SIGSTOP'),
    thaw: () => void process.kill('SIGCONT'),
  };
}

/** A child's answer to a command. Commands are sent one at a time. */
export interface Answer {
  readonly result?: unknown;
  readonly error?: string;
}

async function answerOf(process: ChildProcess, ended: Promise<void>): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  process.once('message', resolve);
  const gone = ended.then((): Answer => ({ error: 'the process ended' }));
  const { result, error } = await Promise.race([promise, gone]);
  process.off('message', resolve);
  if (error !== undefined) throw new Error(error);
  return result;
}
