import { AuthError, type AuthProvider, type ExchangeContext } from '@auth/core';
import {
  assertSecret,
  callVendor,
  passwordProvider,
  secretOf,
  serverLocationOf,
  type Vendor,
} from '@auth/provider-utils';
import {
  assertBearerLoginOptions,
  type BearerLoginProviderOptions,
  type BearerLoginSettings,
  type TokenHeader,
} from './options.js';
import type { BearerLoginExtra } from './wire.js';

/** A provider for an API with a bearer-token login. @throws AuthError `invalid_options` naming the option */
export function bearerLoginProvider(options: BearerLoginProviderOptions): AuthProvider<BearerLoginExtra> {
  assertBearerLoginOptions(options);
  const { username, accountId, password, tokenHeader = 'both' } = options;
  const { issuer, allowedOrigins } = serverLocationOf(options);
  const settings = { issuer, allowedOrigins, username, password, accountId, tokenHeader };
  return passwordProvider<BearerLoginSettings, BearerLoginExtra>(bearerLogin, settings);
}

const headerNames = {
  both: Object.freeze(['authorization', 'authentication']),
  authorization: Object.freeze(['authorization']),
  authentication: Object.freeze(['authentication']),
} as const satisfies Record<TokenHeader, readonly string[]>;

const bearerLogin = {
  name: 'bearer-login',
  loadCalls: () => import('./calls.js'),
  identityOf: ({ username, accountId }) => ({ username, accountId }),
  tokenHeaders: ({ tokenHeader }) => headerNames[tokenHeader],
  isTokenRejected: ({ status }) => status === 401 || status === 403,
} satisfies Vendor<BearerLoginSettings, BearerLoginExtra>;

/** A login that only checks the password and issues no token. */
export function prepareCheck(options: BearerLoginProviderOptions, given: string | undefined) {
  if (given !== undefined) assertSecret('password', given);
  const { username, accountId } = options;
  const { issuer } = serverLocationOf(options);
  return async (): Promise<{ secrets: string[]; login(context: ExchangeContext): Promise<void> }> => {
    const source = given ?? options.password;
    if (source === undefined)
      throw new AuthError('credentials_unavailable', {
        provider: bearerLogin.name,
        detail: 'password: none given',
      });
    const password = await secretOf('password', source);
    return {
      secrets: [password],
      login: (context) =>
        callVendor(bearerLogin, 'login', context, ({ check }) =>
          check({ issuer, username, accountId }, password),
        ),
    };
  };
}
