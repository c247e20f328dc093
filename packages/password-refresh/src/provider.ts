import type { AuthProvider } from '@auth/core';
import {
  assertOneOf,
  assertOptions,
  assertText,
  type PasswordOptions,
  type PlaceOptions,
  passwordLogin,
  placeOf,
  preload,
  requestTokens,
} from '@auth/provider-utils';

export type SimacanEnvironment = 'production' | 'staging';

/** These answers add nothing. */
export type PasswordRefreshExtra = Record<string, never>;

/** Options of {@link passwordRefreshProvider}. */
export interface PasswordRefreshProviderOptions extends PasswordOptions, PlaceOptions {
  /** What stands before /auth/password; spread {@link simacan} for Simacan's. */
  readonly baseUrl: string;
}

const hosts = {
  production: 'https://auth-service.services.simacan.com',
  staging: 'https://auth-service-stg.services.simacan.com',
} as const satisfies Record<SimacanEnvironment, string>;

/** Simacan's place, to be spread into the options. Production and staging have credentials of their own. */
export function simacan(environment: SimacanEnvironment): {
  readonly baseUrl: string;
  readonly allowedOrigins: readonly string[];
} {
  assertOneOf('environment', environment, ['production', 'staging']);
  return { baseUrl: `${hosts[environment]}/api/v1`, allowedOrigins: ['https://*.services.simacan.com'] };
}

const name = 'password-refresh';
const wire = () => import('./wire.js');

/** How such an API logs in and refreshes. @throws AuthError `invalid_options` naming the option */
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
    preload: () => preload(wire),
    ...passwordLogin(password, (text) => ({
      secrets: [text],
      login: async (context) => {
        const { loginForm, parseTokens, isRefused } = await wire();
        const url = `${issuer}/auth/password`;
        const request = {
          provider: name,
          phase: 'login',
          url,
          body: loginForm(username, text),
          isRefused,
        } as const;
        return requestTokens({ ...request, parse: parseTokens }, context);
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
  };
}
