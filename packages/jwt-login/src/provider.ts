import { AuthError, type AuthProvider } from '@auth/core';
import { passwordLogin, placeOf, secretOf, tokenServer } from '@auth/provider-utils';
import { assertJwtLoginOptions, type JwtLoginProviderOptions } from './options.js';
import type { JwtLoginExtra } from './wire.js';

const name = 'jwt-login';
const server = tokenServer(name, () => import('./wire.js'));

/** A provider for an API with `/auth/jwt/login`. @throws AuthError `invalid_options` naming the option */
export function jwtLoginProvider(options: JwtLoginProviderOptions): AuthProvider<JwtLoginExtra> {
  assertJwtLoginOptions(options);
  const { username, password, scope, clientId, clientSecret, refreshMode = 'headers' } = options;
  const { postmanPath = '/auth/jwt/postman-refresh' } = options;
  const { issuer, allowedOrigins } = placeOf(options);

  return {
    name,
    issuer,
    allowedOrigins,
    account: JSON.stringify({ username, clientId, scope }),
    preload: server.preload,
    ...passwordLogin(password, async (text) => {
      const secret = clientSecret === undefined ? undefined : await secretOf('clientSecret', clientSecret);
      return {
        secrets: secret === undefined ? [text] : [text, secret],
        login: (context) =>
          server.login(context, ({ loginForm, parseTokens, isLoginRefused, serverCodes }) => ({
            url: `${issuer}/auth/jwt/login`,
            body: loginForm({ username, password: text, scope, clientId, clientSecret: secret }),
            parse: parseTokens,
            isRefused: isLoginRefused,
            serverCodes,
          })),
      };
    }),
    refresh: async ({ accessToken, refreshToken, extra }, context) => {
      if (refreshMode === 'postman') {
        const id = clientId ?? extra?.clientId ?? throwMissingClientId();
        return server.refresh(context, ({ postmanHeaders, postmanForm, parseTokens }) => ({
          url: `${issuer}${postmanPath}`,
          headers: postmanHeaders(id),
          body: postmanForm(refreshToken),
          parse: parseTokens,
        }));
      }
      // The server checks both tokens of the set; the access token may have expired.
      return server.refresh(context, ({ refreshHeaders, parseTokens }) => ({
        url: `${issuer}/auth/jwt/refresh`,
        headers: refreshHeaders(accessToken, refreshToken),
        parse: parseTokens,
      }));
    },
  };
}

function throwMissingClientId(): never {
  const detail = 'clientId: refreshMode postman needs it, and the login answer brought none';
  throw new AuthError('invalid_options', { provider: name, phase: 'refresh', delivery: 'not_sent', detail });
}
