import type { TokenStore } from '@auth/core';
import type { Accounts, Session } from './accounts.js';
import { UsageError } from './exit-codes.js';

/** A provider whose account can be given by environment variables alone. */
interface Vendor {
  readonly account: string;
  /** Its variables begin with this and `_`. */
  readonly prefix: string;
  open(store: TokenStore): Promise<Session>;
}

const vendors: readonly Vendor[] = [
  {
    account: 'joor',
    prefix: 'JOOR',
    async open(store) {
      const { createJoorAuth, joorFromEnv } = await import('@auth/joor');
      return createJoorAuth({ ...joorFromEnv(), store });
    },
  },
  {
    account: 'bearer-login',
    prefix: 'BEARER_LOGIN',
    async open(store) {
      const { bearerLoginFromEnv, createBearerLoginAuth, teletracker } = await import('@auth/bearer-login');
      const options = bearerLoginFromEnv();
      const place = options.baseUrl === undefined ? teletracker() : { baseUrl: options.baseUrl };
      return createBearerLoginAuth({ ...place, ...options, store });
    },
  },
  {
    account: 'password-refresh',
    prefix: 'PASSWORD_REFRESH',
    async open(store) {
      const { createPasswordRefreshAuth, passwordRefreshFromEnv, simacan } = await import(
        '@auth/password-refresh'
      );
      const options = passwordRefreshFromEnv();
      const place = options.baseUrl === undefined ? simacan('production') : { baseUrl: options.baseUrl };
      return createPasswordRefreshAuth({ ...place, ...options, store });
    },
  },
  {
    account: 'jwt-login',
    prefix: 'JWT_LOGIN',
    async open(store) {
      const { createJwtLoginAuth, jwtLoginFromEnv } = await import('@auth/jwt-login');
      return createJwtLoginAuth({ ...jwtLoginFromEnv(), store });
    },
  },
  {
    account: 'oauth2-password',
    prefix: 'OAUTH2',
    async open(store) {
      const { createOAuth2PasswordAuth, oauth2PasswordFromEnv } = await import('@auth/oauth2-password');
      return createOAuth2PasswordAuth({ ...oauth2PasswordFromEnv(), store });
    },
  },
];

/** The accounts whose username is among the environment's variables. */
export function accountsFromEnvironment(openStore: () => Promise<TokenStore>): Accounts {
  const given = vendors.filter(({ prefix }) => process.env[`${prefix}_USERNAME`] !== undefined);
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
    return await vendor.open(store);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(`npm install @auth/${vendor.account}, beside @auth/cli`);
  }
}
