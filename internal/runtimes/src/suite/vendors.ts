import { bearerLoginProvider, createBearerLoginAuth } from '@auth/bearer-login';
import type { AuthProvider, AuthSession, AuthSessionOptions } from '@auth/core';
import { createJoorAuth, joorProvider } from '@auth/joor';
import { createJwtLoginAuth, jwtLoginProvider } from '@auth/jwt-login';
import { createPasswordRefreshAuth, passwordRefreshProvider } from '@auth/password-refresh';
import type { Place, VendorName } from './place.ts';

/** One provider package, on its vendor's server. */
export interface Vendor {
  /** The path of the vendor's knobs in the emulator. */
  readonly slug: string;
  readonly apiUrl: string;
  /** None may appear in an error. */
  readonly secrets: readonly string[];
  provider(password: string): AuthProvider;
  open(options?: OpenOptions): AuthSession;
}

/** Session options that the checks change. */
export type OpenOptions = Pick<AuthSessionOptions, 'store' | 'clock'> & { readonly password?: string };

export const wrongPassword = 'wrong-password';

export function vendorsAt(place: Place): Readonly<Record<VendorName, Vendor>> {
  const { joor, bearerLogin, passwordRefresh, jwtLogin } = place;
  const joorOptions = { ...joor.options, refresh: { tokenEndpoint: place.tokenEndpoint } };
  return {
    joor: {
      slug: 'joor',
      apiUrl: joor.apiUrl,
      secrets: [joor.options.password, joor.options.clientSecret, wrongPassword],
      provider: (password) => joorProvider({ ...joorOptions, password }) as AuthProvider,
      open: (options) => createJoorAuth({ ...joorOptions, ...options }) as AuthSession,
    },
    bearerLogin: {
      slug: 'bearer-login',
      apiUrl: bearerLogin.apiUrl,
      secrets: [bearerLogin.options.password, wrongPassword],
      provider: (password) => bearerLoginProvider({ ...bearerLogin.options, password }) as AuthProvider,
      open: (options) => createBearerLoginAuth({ ...bearerLogin.options, ...options }) as AuthSession,
    },
    passwordRefresh: {
      slug: 'password-refresh',
      apiUrl: passwordRefresh.apiUrl,
      secrets: [passwordRefresh.options.password, wrongPassword],
      provider: (password) => passwordRefreshProvider({ ...passwordRefresh.options, password }),
      open: (options) => createPasswordRefreshAuth({ ...passwordRefresh.options, ...options }),
    },
    jwtLogin: {
      slug: 'jwt-login',
      apiUrl: jwtLogin.apiUrl,
      secrets: [jwtLogin.options.password, wrongPassword],
      provider: (password) => jwtLoginProvider({ ...jwtLogin.options, password }) as AuthProvider,
      open: (options) => createJwtLoginAuth({ ...jwtLogin.options, ...options }) as AuthSession,
    },
  };
}
