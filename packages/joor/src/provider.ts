import { type AuthProvider, parseBaseUrl } from '@auth/core';
import {
  assertOneOf,
  assertOptions,
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
  wrong,
} from '@auth/provider-utils';

export type JoorEnvironment = 'sandbox' | 'production';

/** What a JOOR token answer adds. */
export interface JoorExtra {
  readonly sessionState?: string;
  /** Keycloak's `not-before-policy`: tokens issued before this instant, in epoch seconds, are void. */
  readonly notBeforePolicy?: number;
}

/** Options of {@link joorProvider}. `environment` or `baseUrl` is needed. */
export interface JoorProviderOptions extends PasswordOptions, PlaceOptions {
  readonly environment?: JoorEnvironment | undefined;
  /** The URL of /auth/ itself, in place of the environment's. */
  readonly baseUrl?: string | undefined;
  readonly clientId: string;
  /** With `refresh`, a function is asked within the exchange's own deadline. */
  readonly clientSecret: Secret;
  /** Further form fields of the login, such as `g-recaptcha-response`. */
  readonly extraFields?: Readonly<Record<string, string>> | undefined;
  /**
   * JOOR documents no refresh: the session logs in again. With the Keycloak token endpoint behind it, which JOOR
   * gives on request, refresh tokens are used instead.
   */
  readonly refresh?: { readonly tokenEndpoint: string } | undefined;
}

const name = 'joor';
const wire = () => import('./wire.js');
const preloadWire = (): void => preload(wire);
const noFields: Readonly<Record<string, string>> = {};

/** JOOR's two worlds (its page on authorization tokens). */
const environments = {
  sandbox: {
    issuer: 'https://atlas-sandbox.jooraccess.com/auth/',
    allowedOrigins: ['https://apisandbox.jooraccess.com'],
  },
  production: {
    issuer: 'https://atlas.jooraccess.com/auth/',
    allowedOrigins: ['https://api.jooraccess.com'],
  },
} as const;

/** How JOOR logs in. @throws AuthError `invalid_options` naming the option */
export function joorProvider(options: JoorProviderOptions): AuthProvider<JoorExtra> {
  assertOptions(options);
  const {
    environment,
    clientId,
    clientSecret,
    username,
    password,
    extraFields = noFields,
    refresh,
  } = options;
  if (environment !== undefined) assertOneOf('environment', environment, ['sandbox', 'production']);
  if (environment === undefined && options.baseUrl === undefined)
    throw wrong('environment', 'sandbox or production');
  assertText('clientId', clientId);
  assertSecret('clientSecret', clientSecret);
  assertText('username', username);
  assertExtraFields(extraFields);
  const preset = environment && environments[environment];
  const { issuer, allowedOrigins } = placeOf(options, preset);
  const given = options.baseUrl ?? (preset?.issuer as string);
  const loginUrl = given.endsWith('/') ? given : `${given}/`;
  const tokenEndpoint = refresh && tokenEndpointOf(refresh, issuer);

  return {
    name,
    issuer,
    allowedOrigins,
    account: JSON.stringify({ username, clientId }),
    preload: preloadWire,
    ...passwordLogin(password, async (text) => {
      const secret = await secretOf('clientSecret', clientSecret);
      return {
        secrets: [text, secret],
        login: async (context) => {
          const { loginForm, parseTokens, isRefused, serverCodes } = await wire();
          const body = loginForm({ clientId, clientSecret: secret, username, password: text, extraFields });
          const request = {
            provider: name,
            phase: 'login',
            url: loginUrl,
            body,
            isRefused,
            serverCodes,
          } as const;
          return requestTokens({ ...request, parse: parseTokens }, context);
        },
      };
    }),
    ...(tokenEndpoint === undefined
      ? {}
      : {
          refresh: async ({ refreshToken }, context) => {
            const { refreshForm, parseTokens, isRefused, serverCodes } = await wire();
            const secret = await secretOf('clientSecret', clientSecret);
            const body = refreshForm({ clientId, clientSecret: secret, refreshToken });
            const request = {
              provider: name,
              phase: 'refresh',
              url: tokenEndpoint,
              body,
              isRefused,
              serverCodes,
            } as const;
            return requestTokens({ ...request, parse: parseTokens }, context);
          },
        }),
  };
}

/** What the last session was given: thousands on one server have the same. */
let checked: { readonly tokenEndpoint: string; readonly issuer: string } | undefined;

function tokenEndpointOf(refresh: { readonly tokenEndpoint: string }, issuer: string): string {
  const tokenEndpoint = refresh?.tokenEndpoint;
  const isKnown =
    checked !== undefined && checked.tokenEndpoint === tokenEndpoint && checked.issuer === issuer;
  if (isKnown) return tokenEndpoint;
  const url = parseBaseUrl('refresh.tokenEndpoint', tokenEndpoint);
  if (url.protocol !== 'https:' && url.origin !== new URL(issuer).origin) {
    throw wrong('refresh.tokenEndpoint', 'an https URL, or one at the origin of baseUrl');
  }
  checked = { tokenEndpoint, issuer };
  return tokenEndpoint;
}

const ownFields = ['client_id', 'grant_type', 'client_secret', 'username', 'password'];

function assertExtraFields(fields: unknown): void {
  if (typeof fields !== 'object' || fields === null) throw wrong('extraFields', 'an object of texts');
  for (const [field, value] of Object.entries(fields)) {
    if (ownFields.includes(field) || typeof value !== 'string') {
      throw wrong('extraFields', `texts under other names than ${ownFields.join(', ')}`);
    }
  }
}
