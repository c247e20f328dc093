/** @azure/msal-node with a cache plugin on a plain file, as its guide on caching shows. */
import { type ICachePlugin, type INetworkModule, PublicClientApplication } from '@azure/msal-node';
import { read, run, type SharedPlace, write } from '../contender.ts';

const authority = 'https://login.example.com/tenant';
const scopes = ['api'];

await run({
  async login(place) {
    await open(place).acquireTokenByUsernamePassword({ scopes, ...place });
  },
  async getToken(place) {
    const application = open(place);
    const [account] = await application.getTokenCache().getAllAccounts();
    if (account === undefined) throw new Error('no account in the cache');
    return (await application.acquireTokenSilent({ account, scopes })).accessToken;
  },
});

function open(place: SharedPlace): PublicClientApplication {
  return new PublicClientApplication({
    auth: {
      clientId: place.clientId,
      authority,
      knownAuthorities: ['login.example.com'],
      authorityMetadata: JSON.stringify({
        issuer: authority,
        authorization_endpoint: `${authority}/authorize`,
        token_endpoint: `${authority}/token`,
        jwks_uri: `${authority}/keys`,
      }),
    },
    cache: { cachePlugin: cacheOn(place.file) },
    system: { networkClient: loopback(place) },
  });
}

function cacheOn(file: string): ICachePlugin {
  return {
    async beforeCacheAccess({ tokenCache }) {
      const kept = read<unknown>(file);
      if (kept !== undefined) tokenCache.deserialize(JSON.stringify(kept));
    },
    async afterCacheAccess({ cacheHasChanged, tokenCache }) {
      if (cacheHasChanged) write(file, JSON.parse(tokenCache.serialize()));
    },
  };
}

/** Sends the token requests to the server, and adds the account to its answers as the real authority does. */
function loopback({ origin, clientId, username }: SharedPlace): INetworkModule {
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: authority,
    aud: clientId,
    iat: now,
    exp: now + 3_600,
    sub: 's',
    oid: 'o',
    tid: 'tenant',
  };
  const identity = {
    scope: scopes.join(' '),
    client_info: encode({ uid: 'o', utid: 'tenant' }),
    id_token: `${encode({ alg: 'none' })}.${encode({ ...claims, preferred_username: username })}.`,
  };
  return {
    sendGetRequestAsync: (url) => Promise.reject(new Error(`no GET expected: ${url}`)),
    async sendPostRequestAsync<T>(
      _url: string,
      options?: { headers?: Record<string, string>; body?: string },
    ) {
      const response = await fetch(`${origin}/token`, { method: 'POST', ...options });
      const body = (await response.json()) as object;
      const headers = Object.fromEntries(response.headers);
      return { status: response.status, headers, body: (response.ok ? { ...identity, ...body } : body) as T };
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
