import { randomUUID } from 'node:crypto';
import OAuth2Server from '@node-oauth/oauth2-server';
import { fieldsOf, type Loopback, serve } from './loopback.js';

export const account = { username: 'ada', password: 'her password' };
export const client = { clientId: 'app', clientSecret: 'its secret' };

/** `@node-oauth/oauth2-server` with rotation, behind the paths of JOOR and of a jwt-login API. */
export async function startOAuth2Server(
  accessSeconds: number,
): Promise<Loopback & { readonly calls: string[] }> {
  const tokens = new Map<string, OAuth2Server.Token>();
  const refreshTokens = new Map<string, OAuth2Server.Token>();
  const calls: string[] = [];
  const oauth = new OAuth2Server({
    accessTokenLifetime: accessSeconds,
    alwaysIssueNewRefreshToken: true,
    requireClientAuthentication: { password: false, refresh_token: false },
    model: {
      getClient: async (id, secret) =>
        id === client.clientId && (secret === null || secret === undefined || secret === client.clientSecret)
          ? { id, grants: ['password', 'refresh_token'] }
          : false,
      getUser: async (username: string, password: string) =>
        username === account.username && password === account.password ? { username } : false,
      generateAccessToken: async () => randomUUID(),
      generateRefreshToken: async () => randomUUID(),
      saveToken: async (token, forClient, user) => {
        const saved = { ...token, client: forClient, user };
        tokens.set(token.accessToken, saved);
        refreshTokens.set(token.refreshToken as string, saved);
        return saved;
      },
      getAccessToken: async (token) => tokens.get(token) ?? false,
      getRefreshToken: async (token) =>
        (refreshTokens.get(token) as OAuth2Server.RefreshToken | undefined) ?? false,
      revokeToken: async (token) => refreshTokens.delete(token.refreshToken),
    } as OAuth2Server.PasswordModel & OAuth2Server.RefreshTokenModel,
  });

  const token = async (request: Request): Promise<Response> => {
    const body = Object.fromEntries(await fieldsOf(request));
    const { pathname } = new URL(request.url);
    const isJwtLogin = pathname.startsWith('/auth/jwt/');
    // A jwt-login API has one client, and expects the client's id as the user of Basic, without a password.
    if (isJwtLogin) body['client_id'] = client.clientId;
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '1' };
    const response = new OAuth2Server.Response({ headers: {} });
    const asked = new OAuth2Server.Request({ method: 'POST', query: {}, headers, body });
    await oauth.token(asked, response).catch(() => {});
    calls.push(`${body['grant_type']} ${response.status}`);
    const isRefused = response.body?.error === 'invalid_grant';
    // The error codes of fastapi-users, which these APIs run.
    const refusal = {
      detail: pathname.endsWith('/login') ? 'LOGIN_BAD_CREDENTIALS' : 'Invalid refresh token',
    };
    const status = isJwtLogin && isRefused && !pathname.endsWith('/login') ? 401 : (response.status ?? 500);
    return Response.json(isJwtLogin && isRefused ? refusal : response.body, { status });
  };
  const api = async (request: Request): Promise<Response> => {
    const asked = new OAuth2Server.Request({
      method: 'GET',
      query: {},
      headers: Object.fromEntries(request.headers),
    });
    const response = new OAuth2Server.Response({ headers: {} });
    return oauth.authenticate(asked, response).then(
      () => Response.json({ orders: [] }),
      () => Response.json(response.body ?? {}, { status: response.status ?? 401 }),
    );
  };
  const loopback = await serve((request) =>
    request.method === 'POST' && new URL(request.url).pathname !== '/orders' ? token(request) : api(request),
  );
  return { ...loopback, calls };
}
