import { createBearerLoginAuth } from '@auth/bearer-login';
import type { AuthSession, AuthSessionOptions } from '@auth/core';
import { createJoorAuth } from '@auth/joor';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { createPasswordRefreshAuth } from '@auth/password-refresh';
import type { Emulator, VendorHandle } from '@auth/testing/emulator';

/** What a step may change of a session. */
type Changes = Pick<AuthSessionOptions<never>, 'clock'> & { readonly password?: string };

/** One provider and the server it is tried on. */
export interface Contestant {
  readonly name: string;
  readonly server: VendorHandle<unknown>;
  /** How it comes by the next token: JOOR documents no refresh. */
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
