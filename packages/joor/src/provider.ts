import type { AuthProvider } from '@auth/core';
import { passwordLogin, placeOf, secretOf, tokenServer } from '@auth/provider-utils';
import { assertJoorOptions, assertTokenEndpoint, environments, type JoorProviderOptions } from './options.js';
import type { JoorExtra } from './wire.js';

const name = 'joor';
const server = tokenServer(name, () => import('./wire.js'));
const noFields: Readonly<Record<string, string>> = {};

/** How JOOR logs in. @throws AuthError `invalid_options` naming the option */
export function joorProvider(options: JoorProviderOptions): AuthProvider<JoorExtra> {
  assertJoorOptions(options);
  const { environment, clientId, clientSecret, username, password, extraFields = noFields } = options;
  const preset = environment && environments[environment];
  const { issuer, allowedOrigins } = placeOf(options, preset);
  // JOOR answers at the URL with a slash at its end; the issuer is the same URL without the slash.
  const loginUrl = (options.baseUrl ?? preset?.issuer ?? issuer).replace(/\/?$/, '/');
  const tokenEndpoint = options.refresh?.tokenEndpoint;
  if (options.refresh) assertTokenEndpoint(options.refresh.tokenEndpoint, issuer);

  return {
    name,
    issuer,
    allowedOrigins,
    account: JSON.stringify({ username, clientId }),
    preload: server.preload,
    ...passwordLogin(password, async (text) => {
      const secret = await secretOf('clientSecret', clientSecret);
      return {
        secrets: [text, secret],
        login: (context) =>
          server.login(context, ({ loginForm, parseTokens, isRefused, serverCodes }) => ({
            url: loginUrl,
            body: loginForm({ clientId, clientSecret: secret, username, password: text, extraFields }),
            parse: parseTokens,
            isRefused,
            serverCodes,
          })),
      };
    }),
    ...(tokenEndpoint !== undefined && {
      refresh: async ({ refreshToken }, context) => {
        const secret = await secretOf('clientSecret', clientSecret);
        return server.refresh(context, ({ refreshForm, parseTokens, isRefused, serverCodes }) => ({
          url: tokenEndpoint,
          body: refreshForm({ clientId, clientSecret: secret, refreshToken }),
          parse: parseTokens,
          isRefused,
          serverCodes,
        }));
      },
    }),
  };
}
