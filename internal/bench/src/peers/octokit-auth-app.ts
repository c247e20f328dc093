import { generateKeyPairSync } from 'node:crypto';
import { createAppAuth } from '@octokit/auth-app';
import { request as octokitRequest } from '@octokit/request';
import type { Peer } from '../peer.ts';
import { type Grant, statusOf } from './shared.ts';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

// The library joins refreshes in a module-wide map by installation, so each client needs its own installation.
let installations = 0;

/** With its default cache: 59 minutes for every token, whatever `expires_at` says. */
export const peer: Peer = {
  name: '@octokit/auth-app',
  async open({ origin }, fetch = globalThis.fetch) {
    const request = octokitRequest.defaults({
      baseUrl: origin,
      request: {
        // GitHub's endpoint answers with `token`, not with `access_token`.
        fetch: async (url: string, init?: RequestInit) => {
          const response = await fetch(url, init);
          if (!url.endsWith('/access_tokens')) return response;
          const { access_token: token, expires_in: seconds } = (await response.json()) as Grant;
          const expiresAt = new Date(Date.now() + seconds * 1_000).toISOString();
          return Response.json({ token, expires_at: expiresAt }, { status: response.status });
        },
      },
    });
    const auth = createAppAuth({
      appId: 1,
      privateKey,
      installationId: ++installations,
      request,
      log: { warn: () => undefined },
    });
    const getToken = async (): Promise<string> => (await auth({ type: 'installation' })).token;
    await getToken();
    const send = request.defaults({ request: { hook: auth.hook } });
    return {
      getToken,
      // Sends `authorization: token …`, as GitHub expects.
      fetch: (url, init) =>
        send({
          method: (init?.method ?? 'GET') as 'GET',
          url,
          headers: Object.fromEntries(new Headers(init?.headers)),
        }).catch(statusOf),
    };
  },
};
