import { createBearerLoginAuth } from '@auth/bearer-login';
import type { AuthSession, AuthSessionOptions } from '@auth/core';
import { createJoorAuth } from '@auth/joor';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { createPasswordRefreshAuth } from '@auth/password-refresh';
import type { Emulator, VendorHandle } from '@auth/testing/emulator';

/** Session options that a step may change. */
type Changes = Pick<AuthSessionOptions<never>, 'clock'> & { readonly password?: string };

/** One provider and its server. */
export interface Contestant {
  readonly name: string;
  readonly server: VendorHandle<unknown>;
  /** How the provider renews a token: JOOR documents no refresh. */
  readonly renewal: 'login' | 'refresh';
  open(changes: Changes): Pick<AuthSession, 'fetch' | 'getTokens' | 'dispose'>;
}

export function contestantsOn({
  joor,
  bearerLogin,
  passwordRefresh,
  jwtLogin,
}: Emulator): readonly Contestant[] {
  return [
    {
      name: '@auth/joor',
      server: joor,
      renewal: 'login',
      open: (changes) => createJoorAuth({ ...joor.options, ...changes }),
    },
    {
      name: '@auth/bearer-login',
      server: bearerLogin,
      renewal: 'refresh',
      open: (changes) => createBearerLoginAuth({ ...bearerLogin.options, ...changes }),
    },
    {
      name: '@auth/password-refresh',
      server: passwordRefresh,
      renewal: 'refresh',
      open: (changes) => createPasswordRefreshAuth({ ...passwordRefresh.options, ...changes }),
    },
    {
      name: '@auth/jwt-login',
      server: jwtLogin,
      renewal: 'refresh',
      open: (changes) => createJwtLoginAuth({ ...jwtLogin.options, ...changes }),
    },
  ];
}
