import axios from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';
import type { Peer } from '../peer.ts';
import { notOffered, obtain, statusOf } from './shared.ts';

/**
 * It knows of 401s only: nothing is renewed before the API says so, and no token is handed out. As its README
 * recommends, `deduplicateRefresh` is on: 401s that arrive during a refresh are passed on as such.
 */
export const peer: Peer = {
  name: 'axios + axios-auth-refresh',
  async open(place, fetch) {
    let tokens = await obtain(place, undefined, fetch);
    const client = axios.create(fetch && { adapter: 'fetch', env: { fetch } });
    client.interceptors.request.use((request) => {
      request.headers.set('Authorization', `Bearer ${tokens.access_token}`);
      return request;
    });
    // Its types take axios's CommonJS declarations, which are not this module's.
    createAuthRefresh(client as never, async () => {
      tokens = await obtain(place, tokens.refresh_token, fetch);
    });
    return {
      getToken: notOffered,
      fetch: (url, init) =>
        client
          .request({
            url,
            method: init?.method ?? 'GET',
            headers: Object.fromEntries(new Headers(init?.headers)),
            data: init?.body,
          })
          .catch(statusOf),
    };
  },
};
