import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createPipelineFromOptions,
  createPipelineRequest,
} from '@azure/core-rest-pipeline';
import type { Place } from '../peer.ts';

/** The library keeps the access token; the credential does the grants, by fetch. The library requires https. */
export function open({ origin, username, password }: Place): (url: string) => Promise<{ status: number }> {
  let refreshToken: string | undefined;
  const credential = {
    async getToken() {
      const grant: Record<string, string> =
        refreshToken === undefined
          ? { grant_type: 'password', username, password }
          : { grant_type: 'refresh_token', refresh_token: refreshToken };
      const answer = await fetch(`${origin}/token`, { method: 'POST', body: new URLSearchParams(grant) });
      const body = await answer.json();
      refreshToken = body.refresh_token;
      return { token: body.access_token, expiresOnTimestamp: Date.now() + body.expires_in * 1_000 };
    },
  };
  const session = createPipelineFromOptions({});
  session.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: [] }), { phase: 'Sign' });
  const client = createDefaultHttpClient();
  return (url) => session.sendRequest(client, createPipelineRequest({ url, allowInsecureConnection: true }));
}
