import { ResourceOwnerPassword } from 'simple-oauth2';
import type { Peer } from '../peer.ts';

/** The library keeps no tokens and joins no refreshes: the variable is the user's. It uses its own HTTP client. */
export const peer: Peer = {
  name: 'simple-oauth2',
  async open({ origin, username, password, clientId, clientSecret }) {
    const client = new ResourceOwnerPassword({
      client: { id: clientId, secret: clientSecret },
      auth: { tokenHost: origin },
    });
    let accessToken = await client.getToken({ username, password });
    return {
      async getToken() {
        if (accessToken.expired()) accessToken = await accessToken.refresh();
        return accessToken.token['access_token'] as string;
      },
    };
  },
};
