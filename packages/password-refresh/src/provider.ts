import type { AuthProvider } from '@auth/core';
import { assertOptions, assertText, passwordLogin, placeOf, tokenServer } from '@auth/provider-utils';
import type { PasswordRefreshProviderOptions } from './options.js';
import type { PasswordRefreshExtra } from './wire.js';

const name = 'password-refresh';
const server = tokenServer(name, () => import('./wire.js'));

/** A provider for an API with `/auth/password`. @throws AuthError `invalid_options` naming the option */
export function passwordRefreshProvider(
  options: PasswordRefreshProviderOptions,
): AuthProvider<PasswordRefreshExtra> {
  assertOptions(options);
  const { username, password } = options;
  assertText('username', username);
  const { issuer, allowedOrigins } = placeOf(options);

  return {
    name,
    issuer,
    allowedOrigins,
    account: JSON.stringify({ username }),
    preload: server.preload,
    ...passwordLogin(password, (text) => ({
      secrets: [text],
      login: (context) =>
        server.login(context, ({ loginForm, parseTokens }) => ({
          url: `${issuer}/auth/password`,
          body: loginForm(username, text),
          parse: parseTokens,
        })),
    })),
    refresh: ({ refreshToken }, context) =>
      server.refresh(context, ({ refreshForm, parseTokens }) => ({
        url: `${issuer}/auth/refresh`,
        body: refreshForm(refreshToken),
        parse: parseTokens,
      })),
  };
}
