/** A peer of the token store suite: imports the given module, and carries out the commands it receives. */
import type { TokenStore } from '@auth/core';
import { type PeerCommand, servePeer } from '../conformance/store-peer.js';
import type { Answer } from './process-peers.js';

const [, , module = '', place = ''] = process.argv;
const { createStore } = (await import(module)) as { createStore(place: string): Promise<TokenStore> };
const serve = servePeer(await createStore(place));

process.on('message', async (question: PeerCommand) => {
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
