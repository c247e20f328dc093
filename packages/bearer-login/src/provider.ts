import { AuthError, type AuthProvider, type ExchangeContext } from '@auth/core';
import {
  type Answer,
  assertOneOf,
  assertOptions,
  assertSecret,
  assertText,
  type PasswordOptions,
  type Place,
  type PlaceOptions,
  passwordLogin,
  placeOf,
  preload,
  requestTokens,
  secretOf,
  wrong,
} from '@auth/provider-utils';
import type { LoginFields } from './wire.js';

/** Which headers carry the token. */
export type TokenHeader = 'both' | 'authorization' | 'authentication';

/** What a login answer adds. */
export interface BearerLoginExtra {
  readonly guid?: string;
}

/** Options of {@link bearerLoginProvider}. */
export interface BearerLoginProviderOptions extends PasswordOptions, PlaceOptions {
  /** What stands before /auth/login; spread {@link teletracker} for TeleTracker's. */
  readonly baseUrl: string;
  /** For users with several accounts: the one the session is bound to. */
  readonly accountId?: number | undefined;
  /**
   * The vendor's page on tokens writes `Authentication: Bearer`, its other pages `Authorization: Bearer`. Default
   * `both`.
   */
  readonly tokenHeader?: TokenHeader | undefined;
}

/** TeleTracker's place, to be spread into the options. */
export function teletracker(): { readonly baseUrl: string; readonly allowedOrigins: readonly string[] } {
  return { baseUrl: 'https://api.teletracker.net', allowedOrigins: ['https://api.teletracker.net'] };
}

const name = 'bearer-login';
const wire = () => import('./wire.js');
const headerNames = {
  both: ['authorization', 'authentication'],
  authorization: ['authorization'],
  authentication: ['authentication'],
} as const satisfies Record<TokenHeader, readonly string[]>;

/** How such an API logs in and refreshes. @throws AuthError `invalid_options` naming the option */
export function bearerLoginProvider(options: BearerLoginProviderOptions): AuthProvider<BearerLoginExtra> {
  assertOptions(options);
  const { username, accountId, password, tokenHeader = 'both' } = options;
  const { issuer, allowedOrigins } = checkedPlace(options);
  assertOneOf('tokenHeader', tokenHeader, ['both', 'authorization', 'authentication']);
  const tokenHeaders = headerNames[tokenHeader];

  return {
    name,
    issuer,
    allowedOrigins,
    tokenHeaders,
    account: JSON.stringify({ username, accountId }),
    preload: () => preload(wire),
    ...passwordLogin(password, (text) => ({
      secrets: [text],
      login: async (context) => {
        const { parseTokens } = await wire();
        return postLogin(issuer, { username, password: text, accountId }, context, parseTokens);
      },
    })),
    refresh: async ({ refreshToken }, context) => {
      const { refreshForm, parseTokens, isRefused } = await wire();
      const url = `${issuer}/auth/refresh`;
      const request = {
        provider: name,
        phase: 'refresh',
        url,
        body: refreshForm(refreshToken),
        isRefused,
      } as const;
      return requestTokens({ ...request, parse: parseTokens }, context);
    },
    authorize: (headers, { accessToken }) => {
      for (const header of tokenHeaders) headers.set(header, `Bearer ${accessToken}`);
    },
    isTokenRejected: ({ status }) => status === 401 || status === 403,
  };
}

/** The login that answers whether the password is right and nothing else. */
export function prepareCheck(options: BearerLoginProviderOptions, given: string | undefined) {
  if (given !== undefined) assertSecret('password', given);
  const { username, accountId } = options;
  const { issuer } = checkedPlace(options);
  return async (): Promise<{ secrets: string[]; login(context: ExchangeContext): Promise<void> }> => {
    const source = given ?? options.password;
    if (source === undefined)
      throw new AuthError('credentials_unavailable', { provider: name, detail: 'password: none given' });
    const password = await secretOf('password', source);
    return {
      secrets: [password],
      login: async (context) => {
        const { parseCheck } = await wire();
        await postLogin(issuer, { username, password, accountId, authOnly: true }, context, parseCheck);
      },
    };
  };
}

async function postLogin<Result>(
  issuer: string,
  fields: LoginFields,
  context: ExchangeContext,
  parse: (answer: Answer) => Result,
): Promise<Result> {
  const { loginForm, isRefused } = await wire();
  const url = `${issuer}/auth/login`;
  return requestTokens(
    { provider: name, phase: 'login', url, body: loginForm(fields), isRefused, parse },
    context,
  );
}

function checkedPlace(options: BearerLoginProviderOptions): Place {
  assertText('username', options.username);
  const { accountId } = options;
  if (accountId !== undefined && !Number.isSafeInteger(accountId)) throw wrong('accountId', 'a whole number');
  return placeOf(options);
}
