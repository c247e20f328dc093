import { fetchByHand } from '../by-hand/fetch.ts';
import { TokenByHand } from '../by-hand/single-flight.ts';
import type { Peer } from '../peer.ts';
import { obtain } from './shared.ts';

/** What a careful program has without a library. */
export const peer: Peer = {
  name: 'hand-written single-flight',
  async open(place, fetch) {
    const token = new TokenByHand((refreshToken) => obtain(place, refreshToken, fetch));
    await token.get();
    return {
      getToken: () => token.get(),
      fetch: fetchByHand(place.origin, token, fetch ?? globalThis.fetch),
    };
  },
};
