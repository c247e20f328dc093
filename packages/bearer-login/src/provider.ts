import { AuthError, type AuthProvider, type ExchangeContext } from '@auth/core';
import { assertSecret, passwordLogin, placeOf, secretOf, tokenServer } from '@auth/provider-utils';
import { assertBearerLoginOptions, type BearerLoginProviderOptions, type TokenHeader } from './options.js';
import type { BearerLoginExtra } from './wire.js';

const name = 'bearer-login';
const server = tokenServer(name, () => import('./wire.js'));
const headerNames = {
  both: ['authorization', 'authentication'],
  authorization: ['authorization'],
  authentication: ['authentication'],
} as const satisfies Record<TokenHeader, readonly string[]>;

/** A provider for an API with a bearer-token login. @throws AuthError `invalid_options` naming the option */
export function bearerLoginProvider(options: BearerLoginProviderOptions): AuthProvider<BearerLoginExtra> {
  assertBearerLoginOptions(options);
  const { username, accountId, password, tokenHeader = 'both' } = options;
  const { issuer, allowedOrigins } = placeOf(options);
  const tokenHeaders = headerNames[tokenHeader];

  return {
    name,
    issuer,
    allowedOrigins,
    tokenHeaders,
    account: JSON.stringify({ username, accountId }),
    preload: server.preload,
    ...passwordLogin(password, (text) => ({
      secrets: [text],
      login: (context) =>
        server.login(context, ({ loginForm, parseTokens, isRefused }) => ({
          url: `${issuer}/auth/login`,
          body: loginForm({ username, password: text, accountId }),
          parse: parseTokens,
          isRefused,
        })),
    })),
    refresh: ({ refreshToken }, context) =>
      server.refresh(context, ({ refreshForm, parseTokens, isRefused }) => ({
        url: `${issuer}/auth/refresh`,
        body: refreshForm(refreshToken),
        parse: parseTokens,
        isRefused,
      })),
    authorize: (headers, { accessToken }) => {
      for (const header of tokenHeaders) headers.set(header, `Bearer ${accessToken}`);
    },
    isTokenRejected: ({ status }) => status === 401 || status === 403,
  };
}

/** A login that only checks the password and issues no token. */
export function prepareCheck(options: BearerLoginProviderOptions, given: string | undefined) {
  if (given !== undefined) assertSecret('password', given);
  const { username, accountId } = options;
  const { issuer } = placeOf(options);
  return async (): Promise<{ secrets: string[]; login(context: ExchangeContext): Promise<void> }> => {
    const source = given ?? options.password;
    if (source === undefined)
      throw new AuthError('credentials_unavailable', { provider: name, detail: 'password: none given' });
    const password = await secretOf('password', source);
    return {
      secrets: [password],
      login: (context) =>
        server.login(context, ({ loginForm, parseCheck, isRefused }) => ({
          url: `${issuer}/auth/login`,
          body: loginForm({ username, password, accountId, authOnly: true }),
          parse: parseCheck,
          isRefused,
        })),
    };
  };
}
