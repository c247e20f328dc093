import { OAuth2Client } from 'google-auth-library';
import type { Peer } from '../peer.ts';
import { obtain, statusOf } from './shared.ts';

/** `forceRefreshOnFailure`: whether a 401 or 403 causes a refresh although the token has not expired. */
export function googleAuthLibrary(name: string, forceRefreshOnFailure: boolean): Peer {
  return {
    name,
    async open(place, fetch) {
      // The library has no password grant.
      const first = await obtain(place, undefined, fetch);
      const client = new OAuth2Client({
        clientId: place.clientId,
        clientSecret: place.clientSecret,
        endpoints: { oauth2TokenUrl: `${place.origin}/token` },
        forceRefreshOnFailure,
        ...(fetch !== undefined && { transporterOptions: { fetchImplementation: fetch } }),
      });
      client.setCredentials({
        access_token: first.access_token,
        refresh_token: first.refresh_token,
        token_type: first.token_type,
        expiry_date: Date.now() + first.expires_in * 1_000,
      });
      // The library never adopts a rotated refresh token itself, but reports it with this event.
      client.on('tokens', ({ refresh_token: rotated }) => {
        if (rotated != null) client.credentials.refresh_token = rotated;
      });
      return {
        getToken: async () => (await client.getAccessToken()).token as string,
        fetch: (url, init) => client.fetch(url, init).catch(statusOf),
      };
    },
  };
}

export const peer: Peer = googleAuthLibrary('google-auth-library', false);
