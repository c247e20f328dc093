import { type AccessToken, ResourceOwnerPassword } from 'simple-oauth2';
import type { Place } from '../peer.ts';

export function open(place: Place): (url: string) => Promise<{ status: number }> {
  const client = { id: place.clientId, secret: place.clientSecret };
  const session = new ResourceOwnerPassword({
    client,
    auth: { tokenHost: place.origin, tokenPath: '/token' },
  });
  const { username, password } = place;
  let kept: AccessToken | undefined;
  return async (url) => {
    if (kept === undefined) kept = await session.getToken({ username, password });
    else if (kept.expired()) kept = await kept.refresh();
    return fetch(url, { headers: { authorization: `Bearer ${kept.token['access_token']}` } });
  };
}
