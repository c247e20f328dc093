/** A peer of a suite: imports the given module, and carries out the commands it receives. */
import type { TokenStore } from '@auth/core';
import { serveQueuePeer } from '../conformance/queue-peer.js';
import type { QueueUnderTest } from '../conformance/queue-scene.js';
import { servePeer } from '../conformance/store-peer.js';
import type { Answer } from './process-peers.js';

/** What the module exports: how to open what the suite asks for. */
interface PeerModule {
  createStore?(place: string): Promise<TokenStore>;
  createQueue?(place: string): Promise<QueueUnderTest>;
}

const [, , module = '', place = ''] = process.argv;
const { createStore, createQueue } = (await import(module)) as PeerModule;
const serve = (
  createQueue === undefined
    ? servePeer(await (createStore as NonNullable<typeof createStore>)(place))
    : serveQueuePeer(await createQueue(place))
) as (command: unknown) => Promise<unknown>;

process.on('message', async (question) => {
  try {
    answer({ result: await serve(question) });
  } catch (error) {
    answer({ error: String(error) });
  }
});
// The parent is gone: there is nobody left to answer.
process.on('disconnect', () => process.exit());
answer({});

function answer(what: Answer): void {
  process.send?.(what);
}
