import type { TokenStore } from '@auth/core';
import type { Accounts, Session } from './accounts.js';
import { UsageError } from './failures.js';

/** A provider whose account can be given by environment variables alone. */
interface Vendor {
  readonly account: string;
  /** Its variables begin with this and `_`. */
  readonly prefix: string;
  /** @param rest what goes beside the options that the environment has */
  open(rest: { readonly store: TokenStore; readonly password?: undefined }): Promise<Session>;
}

const vendors: readonly Vendor[] = [
  {
    account: 'joor',
    prefix: 'JOOR',
    async open(rest) {
      const { createJoorAuth, joorFromEnv } = await import('@auth/joor');
      return createJoorAuth({ ...joorFromEnv(), ...rest });
    },
  },
  {
    account: 'bearer-login',
    prefix: 'BEARER_LOGIN',
    async open(rest) {
      const { bearerLoginFromEnv, createBearerLoginAuth, teletracker } = await import('@auth/bearer-login');
      const options = bearerLoginFromEnv();
      const place = options.baseUrl === undefined ? teletracker() : { baseUrl: options.baseUrl };
      return createBearerLoginAuth({ ...place, ...options, ...rest });
    },
  },
  {
    account: 'password-refresh',
    prefix: 'PASSWORD_REFRESH',
    async open(rest) {
      const { createPasswordRefreshAuth, passwordRefreshFromEnv, simacan } = await import(
        '@auth/password-refresh'
      );
      const options = passwordRefreshFromEnv();
      const place = options.baseUrl === undefined ? simacan('production') : { baseUrl: options.baseUrl };
      return createPasswordRefreshAuth({ ...place, ...options, ...rest });
    },
  },
  {
    account: 'jwt-login',
    prefix: 'JWT_LOGIN',
    async open(rest) {
      const { createJwtLoginAuth, jwtLoginFromEnv } = await import('@auth/jwt-login');
      return createJwtLoginAuth({ ...jwtLoginFromEnv(), ...rest });
    },
  },
  {
    account: 'oauth2-password',
    prefix: 'OAUTH2',
    async open(rest) {
      const { createOAuth2PasswordAuth, oauth2PasswordFromEnv } = await import('@auth/oauth2-password');
      return createOAuth2PasswordAuth({ ...oauth2PasswordFromEnv(), ...rest });
    },
  },
];

/** The accounts whose username is among the environment's variables. */
export function accountsFromEnvironment(openStore: () => Promise<TokenStore>): Accounts {
  const given = vendors.filter(({ prefix }) => Boolean(process.env[`${prefix}_USERNAME`]));
  return Object.fromEntries(
    given.map((vendor) => [vendor.account, async () => openWith(vendor, await openStore())]),
  );
}

/** The variables that would name an account, for help. */
export function environmentNames(): string[] {
  return vendors.map(({ prefix }) => `${prefix}_USERNAME`);
}

async function openWith(vendor: Vendor, store: TokenStore): Promise<Session> {
  try {
    // Without a password in the environment a person signs in.
    const isGiven = Boolean(process.env[`${vendor.prefix}_PASSWORD`]);
    return await vendor.open(isGiven ? { store } : { store, password: undefined });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(`npm install @auth/${vendor.account}, beside @auth/cli`);
  }
}
