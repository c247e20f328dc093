import { OAuth2Client, OAuth2Fetch, type OAuth2Token } from '@badgateway/oauth2-client';
import type { Peer } from '../peer.ts';
import { drained } from './shared.ts';

export const peer: Peer = {
  name: '@badgateway/oauth2-client',
  async open({ origin, username, password, clientId, clientSecret }, fetch = globalThis.fetch) {
    const tokenEndpoint = '/token';
    const client = new OAuth2Client({ server: origin, tokenEndpoint, clientId, clientSecret, fetch });
    let stored: OAuth2Token | null = null;
    const wrapper = new OAuth2Fetch({
      client,
      getNewToken: () => client.password({ username, password }),
      storeToken: (token) => {
        stored = token;
      },
      getStoredToken: () => stored,
    });
    await wrapper.getAccessToken();
    // `wrapper.fetch` does the same with the platform's `fetch`; `mw()` is the documented way to use another fetch.
    const send = wrapper.mw();
    return {
      getToken: () => wrapper.getAccessToken(),
      fetch: async (url, init) => drained(await send(new Request(url, init), (request) => fetch(request))),
    };
  },
};
