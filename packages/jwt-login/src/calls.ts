import { AuthError, type IssuedTokens, type TokenSet } from '@auth/core';
import type { LoginSecrets, TokenCall } from '@auth/provider-utils';
import type { JwtLoginSettings } from './options.js';
import {
  isLoginRefused,
  type JwtLoginExtra,
  loginForm,
  parseTokens,
  postmanForm,
  postmanHeaders,
  refreshCodes,
  refreshHeaders,
  serverCodes,
} from './wire.js';

type Tokens = TokenCall<IssuedTokens<JwtLoginExtra>>;

export function login(
  { issuer, username, scope, clientId }: JwtLoginSettings,
  secrets: LoginSecrets<JwtLoginSettings>,
): Tokens {
  return {
    url: `${issuer}/auth/jwt/login`,
    body: loginForm({ username, scope, clientId, ...secrets }),
    parse: parseTokens,
    isRefused: isLoginRefused,
    serverCodes,
  };
}

/** The server checks both tokens of the set; the access token may have expired. */
export function refresh(settings: JwtLoginSettings, tokens: TokenSet<JwtLoginExtra>): Tokens {
  const { issuer, refreshMode, postmanPath } = settings;
  const { accessToken, refreshToken } = tokens;
  const how =
    refreshMode === 'postman'
      ? {
          url: `${issuer}${postmanPath}`,
          headers: postmanHeaders(clientIdOf(settings, tokens)),
          body: postmanForm(refreshToken),
        }
      : { url: `${issuer}/auth/jwt/refresh`, headers: refreshHeaders(accessToken, refreshToken) };
  return { ...how, parse: parseTokens, serverCodes: refreshCodes };
}

function clientIdOf({ clientId }: JwtLoginSettings, { extra }: TokenSet<JwtLoginExtra>): string {
  const known = clientId ?? extra?.clientId;
  if (known !== undefined) return known;
  throw new AuthError('invalid_options', {
    provider: 'jwt-login',
    phase: 'refresh',
    delivery: 'not_sent',
    detail: 'clientId: refreshMode postman needs it, and the login answer brought none',
  });
}
