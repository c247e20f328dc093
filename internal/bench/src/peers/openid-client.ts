import * as client from 'openid-client';
import type { Peer } from '../peer.ts';
import { drained, statusOf } from './shared.ts';

/** The library keeps no tokens and joins no refreshes: the variable is the user's, `expiresIn()` is the library's. */
export const peer: Peer = {
  name: 'openid-client',
  async open({ origin, username, password, clientId, clientSecret }, fetch) {
    const config = new client.Configuration(
      { issuer: origin, token_endpoint: `${origin}/token` },
      clientId,
      clientSecret,
    );
    client.allowInsecureRequests(config);
    if (fetch !== undefined) {
      config[client.customFetch] = (url, options) => fetch(url, options as RequestInit);
    }
    let tokens = await client.genericGrantRequest(config, 'password', { username, password });
    const getToken = async (): Promise<string> => {
      if (tokens.expiresIn() === 0) {
        tokens = await client.refreshTokenGrant(config, tokens.refresh_token as string);
      }
      return tokens.access_token;
    };
    return {
      getToken,
      fetch: async (url, init) => {
        const { method = 'GET', body, headers } = init ?? {};
        try {
          return await drained(
            await client.fetchProtectedResource(
              config,
              await getToken(),
              new URL(url),
              method,
              body as client.FetchBody,
              new Headers(headers),
            ),
          );
        } catch (error) {
          // Thrown for a 401 with a `www-authenticate` header; without one the 401 is returned.
          if (error instanceof client.WWWAuthenticateChallengeError) return drained(error.response);
          return statusOf(error);
        }
      },
    };
  },
};
