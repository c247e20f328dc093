import { OAuth2Client } from 'google-auth-library';
import type { Place } from '../peer.ts';

/** The library has no password grant, so the first login goes by fetch. */
export function open({ origin, ...place }: Place): (url: string) => Promise<{ status: number }> {
  const session = new OAuth2Client({ ...place, endpoints: { oauth2TokenUrl: `${origin}/token` } });
  return async (url) => {
    if (session.credentials.refresh_token === undefined) {
      const { username, password } = place;
      const body = new URLSearchParams({ grant_type: 'password', username, password });
      session.setCredentials(await (await fetch(`${origin}/token`, { method: 'POST', body })).json());
    }
    return session.request({ url });
  };
}
