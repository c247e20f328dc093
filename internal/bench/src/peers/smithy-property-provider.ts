import { memoize } from '@smithy/property-provider';
import type { Peer } from '../peer.ts';
import { obtain } from './shared.ts';

export const peer: Peer = {
  name: '@smithy/property-provider',
  async open(place, fetch) {
    let refreshToken: string | undefined;
    const provide = memoize(
      async () => {
        const grant = await obtain(place, refreshToken, fetch);
        refreshToken = grant.refresh_token;
        return { token: grant.access_token, expiration: Date.now() + grant.expires_in * 1_000 };
      },
      ({ expiration }) => expiration <= Date.now(),
      ({ expiration }) => expiration !== undefined,
    );
    await provide();
    return { getToken: async () => (await provide()).token };
  },
};
