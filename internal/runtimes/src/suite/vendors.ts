import { bearerLoginProvider, createBearerLoginAuth } from '@auth/bearer-login';
import type { AuthProvider, AuthSession, AuthSessionOptions } from '@auth/core';
import { createJoorAuth, joorProvider } from '@auth/joor';
import { createJwtLoginAuth, jwtLoginProvider } from '@auth/jwt-login';
import { createOAuth2PasswordAuth, oauth2PasswordProvider } from '@auth/oauth2-password';
import { createPasswordRefreshAuth, passwordRefreshProvider } from '@auth/password-refresh';
import type { Place, VendorName } from './place.ts';

/** One provider package, on its vendor's server. */
export interface Vendor {
  /** The path of the vendor's knobs in the emulator. */
  readonly slug: string;
  readonly apiUrl: string;
  /** None may appear in an error. */
  readonly secrets: readonly string[];
  /** Longer than an access token lives, and shorter than a refresh token. */
  readonly expiredAfterMs: number;
  provider(password: string): AuthProvider;
  open(options?: OpenOptions): AuthSession;
}

/** Session options that the checks change. */
export type OpenOptions = Pick<AuthSessionOptions, 'store' | 'clock'> & { readonly password?: string };

export const wrongPassword = 'wrong-password';

const minuteMs = 60_000;
const elevenHoursMs = 660 * minuteMs;

export function vendorsAt(place: Place): Readonly<Record<VendorName, Vendor>> {
  const { joor, bearerLogin, passwordRefresh, jwtLogin, keycloak } = place;
  const joorOptions = { ...joor.options, refresh: { tokenEndpoint: place.tokenEndpoint } };
  return {
    joor: {
      slug: 'joor',
      apiUrl: joor.apiUrl,
      secrets: [joor.options.password, joor.options.clientSecret, wrongPassword],
      expiredAfterMs: elevenHoursMs,
      provider: (password) => joorProvider({ ...joorOptions, password }) as AuthProvider,
      open: (options) => createJoorAuth({ ...joorOptions, ...options }) as AuthSession,
    },
    bearerLogin: {
      slug: 'bearer-login',
      apiUrl: bearerLogin.apiUrl,
      secrets: [bearerLogin.options.password, wrongPassword],
      expiredAfterMs: elevenHoursMs,
      provider: (password) => bearerLoginProvider({ ...bearerLogin.options, password }) as AuthProvider,
      open: (options) => createBearerLoginAuth({ ...bearerLogin.options, ...options }) as AuthSession,
    },
    passwordRefresh: {
      slug: 'password-refresh',
      apiUrl: passwordRefresh.apiUrl,
      secrets: [passwordRefresh.options.password, wrongPassword],
      expiredAfterMs: elevenHoursMs,
      provider: (password) => passwordRefreshProvider({ ...passwordRefresh.options, password }),
      open: (options) => createPasswordRefreshAuth({ ...passwordRefresh.options, ...options }),
    },
    jwtLogin: {
      slug: 'jwt-login',
      apiUrl: jwtLogin.apiUrl,
      secrets: [jwtLogin.options.password, wrongPassword],
      expiredAfterMs: elevenHoursMs,
      provider: (password) => jwtLoginProvider({ ...jwtLogin.options, password }) as AuthProvider,
      open: (options) => createJwtLoginAuth({ ...jwtLogin.options, ...options }) as AuthSession,
    },
    keycloak: {
      slug: 'keycloak',
      apiUrl: keycloak.apiUrl,
      secrets: [keycloak.options.password, keycloak.options.clientSecret, wrongPassword],
      expiredAfterMs: 6 * minuteMs,
      provider: (password) => {
        // The suite answers in place of the server: so it is told the endpoint, which is otherwise asked for.
        const { issuer, ...account } = keycloak.options;
        const tokenEndpoint = `${issuer}/protocol/openid-connect/token`;
        return oauth2PasswordProvider({ ...account, password, tokenEndpoint }) as AuthProvider;
      },
      open: (options) => createOAuth2PasswordAuth({ ...keycloak.options, ...options }) as AuthSession,
    },
  };
}
