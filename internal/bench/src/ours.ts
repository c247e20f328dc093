import type { AuthSession, AuthSessionOptions } from '@auth/core';
import { createJoorAuth, type JoorExtra } from '@auth/joor';
import type { Peer, Place } from './peer.ts';

/** A session of ours on the benchmark's server: JOOR's provider, with refresh tokens. */
export function openSession(
  { origin, username, password, clientId, clientSecret }: Place,
  options: AuthSessionOptions<JoorExtra> = {},
): AuthSession<JoorExtra> {
  return createJoorAuth({
    baseUrl: `${origin}/auth/`,
    refresh: { tokenEndpoint: `${origin}/token` },
    allowedOrigins: [origin],
    username,
    password,
    clientId,
    clientSecret,
    ...options,
  });
}

export const ours: Peer = {
  name: '@auth/joor',
  async open(place, fetch) {
    const session = openSession(place, fetch && { fetch });
    await session.getAccessToken();
    return {
      getToken: () => session.getAccessToken(),
      fetch: session.fetch,
      close: () => session.dispose(),
    };
  },
};
