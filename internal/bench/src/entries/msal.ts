import { PublicClientApplication } from '@azure/msal-node';
import type { Place } from '../peer.ts';

export function open({ origin, clientId, ...place }: Place): (url: string) => Promise<{ status: number }> {
  const authority = 'https://login.example.com/tenant';
  const authorityMetadata = JSON.stringify({
    issuer: authority,
    authorization_endpoint: `${authority}/authorize`,
    token_endpoint: `${origin}/token`,
    jwks_uri: `${authority}/keys`,
  });
  const auth = { clientId, authority, knownAuthorities: ['login.example.com'], authorityMetadata };
  const session = new PublicClientApplication({ auth });
  return async (url) => {
    const [account] = await session.getTokenCache().getAllAccounts();
    const result =
      account === undefined
        ? await session.acquireTokenByUsernamePassword({ scopes: [], ...place })
        : await session.acquireTokenSilent({ account, scopes: [] });
    return fetch(url, { headers: { authorization: `Bearer ${result?.accessToken}` } });
  };
}
