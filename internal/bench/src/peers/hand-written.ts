import type { Peer } from '../peer.ts';
import { obtain } from './shared.ts';

/** What a program has without a library: an expiry time, a promise, and one refresh at a time. */
export const peer: Peer = {
  name: 'hand-written single-flight',
  async open(place, fetch) {
    let freshUntil = 0;
    let refreshToken: string | undefined;
    let promise: Promise<string>;
    let inFlight: Promise<string> | undefined;
    const renew = async (): Promise<string> => {
      try {
        const grant = await obtain(place, refreshToken, fetch);
        refreshToken = grant.refresh_token;
        freshUntil = Date.now() + grant.expires_in * 1_000;
        promise = Promise.resolve(grant.access_token);
        return grant.access_token;
      } finally {
        inFlight = undefined;
      }
    };
    const getToken = (): Promise<string> => {
      if (Date.now() < freshUntil) return promise;
      inFlight ??= renew();
      return inFlight;
    };
    await getToken();
    return { getToken };
  },
};
