import axios from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';
import type { Peer } from '../peer.ts';
import { notOffered, obtain, statusOf } from './shared.ts';

/**
 * The library acts on 401s only: it renews nothing before the API refuses a token, and hands out no token. As its
 * README recommends, `deduplicateRefresh` is on: 401s that arrive during a refresh are passed on as such.
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
    // The library's types use axios's CommonJS declarations, which differ from those imported here.
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
