import type { TokenCredential } from '@azure/core-auth';
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type HttpMethods,
} from '@azure/core-rest-pipeline';
import type { Peer } from '../peer.ts';
import { obtain } from './shared.ts';

/** The policy refuses every URL that is not https and has no option for it: the URL becomes http below the policy. */
function insecure(client: HttpClient): HttpClient {
  return {
    async sendRequest(request) {
      const { url } = request;
      request.url = url.replace(/^https:/, 'http:');
      try {
        return await client.sendRequest(request);
      } finally {
        request.url = url;
      }
    },
  };
}

/** Answers at once, so that sending costs only what the policy does for the token. */
const stub: HttpClient = {
  sendRequest: async (request) => ({ request, status: 200, headers: createHttpHeaders() }),
};

export const peer: Peer = {
  name: '@azure/core-rest-pipeline',
  async open(place, fetch) {
    let refreshToken: string | undefined;
    const credential: TokenCredential = {
      async getToken() {
        const grant = await obtain(place, refreshToken, fetch);
        refreshToken = grant.refresh_token;
        return { token: grant.access_token, expiresOnTimestamp: Date.now() + grant.expires_in * 1_000 };
      },
    };
    const pipeline = createEmptyPipeline();
    pipeline.addPolicy(
      bearerTokenAuthenticationPolicy({
        credential,
        scopes: 'api',
        // Called for a 401 with a `www-authenticate` header; without this callback the policy answers only a
        // Continuous Access Evaluation challenge. `claims` makes the policy drop the token it holds.
        challengeCallbacks: {
          async authorizeRequestOnChallenge({ scopes, request, getAccessToken }) {
            const token = await getAccessToken(scopes, { claims: '{}' });
            if (token !== null) request.headers.set('authorization', `Bearer ${token.token}`);
            return token !== null;
          },
        },
      }),
    );
    const client = insecure(createDefaultHttpClient());
    const url = place.origin.replace(/^http:/, 'https:');
    const getToken = async (): Promise<string> => {
      const { request } = await pipeline.sendRequest(stub, createPipelineRequest({ url }));
      return (request.headers.get('authorization') as string).slice('Bearer '.length);
    };
    await getToken();
    return {
      getToken,
      fetch: (url, init) =>
        pipeline.sendRequest(
          client,
          createPipelineRequest({
            url: url.replace(/^http:/, 'https:'),
            method: (init?.method ?? 'GET') as HttpMethods,
            headers: createHttpHeaders(Object.fromEntries(new Headers(init?.headers))),
            ...(init?.body != null && { body: init.body as string }),
            allowInsecureConnection: true,
          }),
        ),
    };
  },
};
