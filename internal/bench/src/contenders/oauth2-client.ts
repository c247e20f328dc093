/** @badgateway/oauth2-client: OAuth2Fetch with getStoredToken and storeToken on a file. */
import { OAuth2Client, OAuth2Fetch, type OAuth2Token } from '@badgateway/oauth2-client';
import { read, run, type SharedPlace, write } from '../contender.ts';

await run({
  async login(place) {
    write(place.file, await client(place).password(place));
  },
  getToken(place) {
    const session = new OAuth2Fetch({
      client: client(place),
      getNewToken: () => (place.keepsPassword ? client(place).password(place) : null),
      getStoredToken: () => read<OAuth2Token>(place.file) ?? null,
      storeToken: (token) => write(place.file, token),
    });
    return session.getAccessToken();
  },
});

function client({ origin: server, clientId, clientSecret }: SharedPlace): OAuth2Client {
  return new OAuth2Client({ server, clientId, clientSecret, tokenEndpoint: '/token' });
}
