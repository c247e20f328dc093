/** openid-client: the refresh grant, the token response in a file. Expiry and storage are left to you. */
import * as oauth from 'openid-client';
import { read, run, type SharedPlace, write } from '../contender.ts';

interface Kept {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_at: number;
}

await run({
  async login(place) {
    const { username, password } = place;
    keep(place, await oauth.genericGrantRequest(configuration(place), 'password', { username, password }));
  },
  async getToken(place) {
    const kept = read<Kept>(place.file) as Kept;
    if (kept.expires_at - Date.now() > 30_000) return kept.access_token;
    return keep(place, await oauth.refreshTokenGrant(configuration(place), kept.refresh_token as string));
  },
});

function keep(place: SharedPlace, answer: Awaited<ReturnType<typeof oauth.refreshTokenGrant>>): string {
  const kept: Kept = { ...answer, expires_at: Date.now() + (answer.expiresIn() ?? 0) * 1_000 };
  write(place.file, kept);
  return kept.access_token;
}

function configuration({ origin: issuer, clientId, clientSecret }: SharedPlace): oauth.Configuration {
  const made = new oauth.Configuration({ issuer, token_endpoint: `${issuer}/token` }, clientId, clientSecret);
  oauth.allowInsecureRequests(made);
  return made;
}
