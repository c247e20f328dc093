import {
  AuthError,
  type AuthProvider,
  type ExchangeContext,
  type IssuedTokens,
  type TokenSet,
} from '@auth/core';
import {
  assertOneOf,
  assertOptions,
  assertPath,
  assertSecret,
  assertText,
  type PasswordOptions,
  type PlaceOptions,
  passwordLogin,
  placeOf,
  preload,
  requestTokens,
  type Secret,
  secretOf,
} from '@auth/provider-utils';

/** How the refresh token is presented: in a header beside the access token, or in the form of the Postman endpoint. */
export type RefreshMode = 'headers' | 'postman';

/** What a login answer adds. */
export interface JwtLoginExtra {
  /** The server's own id for the client: what `postman` mode falls back on. */
  readonly clientId?: string;
}

/** Options of {@link jwtLoginProvider}. */
export interface JwtLoginProviderOptions extends PasswordOptions, PlaceOptions {
  /** What stands before /auth/jwt/login. */
  readonly baseUrl: string;
  readonly scope?: string | undefined;
  /** The account id given at registration. */
  readonly clientId?: string | undefined;
  readonly clientSecret?: Secret | undefined;
  /** Default `headers`. */
  readonly refreshMode?: RefreshMode | undefined;
  /** Path of the `postman` endpoint. Default `/auth/jwt/postman-refresh`; some servers write `postman_refresh`. */
  readonly postmanPath?: string | undefined;
}

const name = 'jwt-login';
const wire = () => import('./wire.js');

/** How such an API logs in and refreshes. @throws AuthError `invalid_options` naming the option */
export function jwtLoginProvider(options: JwtLoginProviderOptions): AuthProvider<JwtLoginExtra> {
  assertOptions(options);
  const { username, password, scope, clientId, clientSecret, refreshMode = 'headers' } = options;
  const { postmanPath = '/auth/jwt/postman-refresh' } = options;
  assertText('username', username);
  if (clientSecret !== undefined) assertSecret('clientSecret', clientSecret);
  assertOneOf('refreshMode', refreshMode, ['headers', 'postman']);
  if (scope !== undefined) assertText('scope', scope);
  if (clientId !== undefined) assertText('clientId', clientId);
  assertPath('postmanPath', postmanPath);
  const { issuer, allowedOrigins } = placeOf(options);

  return {
    name,
    issuer,
    allowedOrigins,
    account: JSON.stringify({ username, clientId, scope }),
    preload: () => preload(wire),
    ...passwordLogin(password, async (text) => {
      const secret = clientSecret === undefined ? undefined : await secretOf('clientSecret', clientSecret);
      return {
        secrets: secret === undefined ? [text] : [text, secret],
        login: async (context) => {
          const { loginForm, parseTokens, isLoginRefused, serverCodes } = await wire();
          const body = loginForm({ username, password: text, scope, clientId, clientSecret: secret });
          const url = `${issuer}/auth/jwt/login`;
          const request = {
            provider: name,
            phase: 'login',
            url,
            body,
            serverCodes,
            isRefused: isLoginRefused,
          } as const;
          return requestTokens({ ...request, parse: parseTokens }, context);
        },
      };
    }),
    refresh: (tokens, context) =>
      refreshMode === 'headers'
        ? refreshByHeaders(`${issuer}/auth/jwt/refresh`, tokens, context)
        : refreshAsPostman(`${issuer}${postmanPath}`, clientId ?? tokens.extra?.clientId, tokens, context),
  };
}

/** Refresh token and the access token of the same set, expired or not: the server looks at both. */
async function refreshByHeaders(
  url: string,
  { accessToken, refreshToken }: TokenSet<JwtLoginExtra>,
  context: ExchangeContext,
): Promise<IssuedTokens<JwtLoginExtra>> {
  const { refreshHeaders, parseTokens, isRefreshRefused } = await wire();
  const headers = refreshHeaders(accessToken, refreshToken);
  const request = { provider: name, phase: 'refresh', url, headers, isRefused: isRefreshRefused } as const;
  return requestTokens({ ...request, parse: parseTokens }, context);
}

async function refreshAsPostman(
  url: string,
  clientId: string | undefined,
  { refreshToken }: TokenSet<JwtLoginExtra>,
  context: ExchangeContext,
): Promise<IssuedTokens<JwtLoginExtra>> {
  if (clientId === undefined) {
    const detail = 'clientId: refreshMode postman needs it, and the login answer brought none';
    throw new AuthError('invalid_options', {
      provider: name,
      phase: 'refresh',
      delivery: 'not_sent',
      detail,
    });
  }
  const { postmanHeaders, postmanForm, parseTokens, isRefreshRefused } = await wire();
  const headers = postmanHeaders(clientId);
  const body = postmanForm(refreshToken);
  const request = {
    provider: name,
    phase: 'refresh',
    url,
    headers,
    body,
    isRefused: isRefreshRefused,
  } as const;
  return requestTokens({ ...request, parse: parseTokens }, context);
}
