import { type Configuration, type NetworkResponse, PublicClientApplication } from '@azure/msal-node';
import type { Peer, Place } from '../peer.ts';

const authority = 'https://login.example/tenant';
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The configuration of the application: an authority with an https name, and the loopback server behind it. */
export function configuration(
  place: Place,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Configuration {
  const send = async (url: string, init: RequestInit): Promise<NetworkResponse<unknown>> => {
    const response = await fetch(url, init);
    const body = (await response.json()) as Record<string, unknown>;
    // A client-credentials token that is cached under an account is never found again.
    const isForUser = !String(init.body).includes('grant_type=client_credentials');
    if (response.ok && isForUser) {
      // Entra ID adds these, and the library builds the cached account from them.
      body['client_info'] = encoded({ uid: place.username, utid: 'tenant' });
      body['id_token'] = `${encoded({ alg: 'none' })}.${encoded({
        iss: authority,
        aud: place.clientId,
        sub: place.username,
        oid: place.username,
        tid: 'tenant',
        preferred_username: place.username,
      })}.`;
      body['scope'] = 'api/.default';
    }
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  };
  return {
    auth: {
      clientId: place.clientId,
      authority,
      knownAuthorities: ['login.example'],
      // Avoids discovery.
      authorityMetadata: JSON.stringify({
        issuer: authority,
        authorization_endpoint: `${place.origin}/authorize`,
        token_endpoint: `${place.origin}/token`,
        jwks_uri: `${place.origin}/keys`,
      }),
    },
    system: {
      networkClient: {
        sendGetRequestAsync: (url, options) => send(url, { headers: options?.headers ?? {} }) as never,
        sendPostRequestAsync: (url, options) =>
          send(url, { method: 'POST', headers: options?.headers ?? {}, body: options?.body ?? '' }) as never,
      },
    },
  };
}

export const peer: Peer = {
  name: '@azure/msal-node, acquireTokenSilent',
  async open(place, fetch) {
    const application = new PublicClientApplication(configuration(place, fetch));
    const scopes = ['api/.default'];
    const first = await application.acquireTokenByUsernamePassword({
      scopes,
      username: place.username,
      password: place.password,
    });
    const account = first?.account;
    if (account == null) throw new Error('The sign-in gave no account');
    return { getToken: async () => (await application.acquireTokenSilent({ scopes, account })).accessToken };
  },
};
