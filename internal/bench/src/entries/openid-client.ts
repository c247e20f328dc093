import * as oauth from 'openid-client';
import type { Place } from '../peer.ts';

export function open(place: Place): (url: string) => Promise<{ status: number }> {
  const { origin: issuer, clientId, clientSecret, username, password } = place;
  const session = new oauth.Configuration(
    { issuer, token_endpoint: `${issuer}/token` },
    clientId,
    clientSecret,
  );
  oauth.allowInsecureRequests(session);
  let kept: Awaited<ReturnType<typeof oauth.refreshTokenGrant>> | undefined;
  return async (url) => {
    if (kept === undefined)
      kept = await oauth.genericGrantRequest(session, 'password', { username, password });
    else if (!kept.expiresIn()) kept = await oauth.refreshTokenGrant(session, kept.refresh_token as string);
    return oauth.fetchProtectedResource(session, kept.access_token, new URL(url), 'GET');
  };
}
