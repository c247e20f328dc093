import { createBearerLoginAuth } from '@auth/bearer-login';
import type { AuthSession, AuthSessionOptions } from '@auth/core';
import { createJoorAuth } from '@auth/joor';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { createOAuth2PasswordAuth } from '@auth/oauth2-password';
import { createPasswordRefreshAuth } from '@auth/password-refresh';
import { createEmulator, type Emulator, type VendorHandle } from '@auth/testing/emulator';

type SessionOptions = AuthSessionOptions<never> & {
  readonly username?: string;
  readonly password?: string | (() => string | Promise<string>) | undefined;
};

/** One provider on the emulator. */
export interface VendorCase {
  readonly name: string;
  /** Whether the provider can refresh; if not, the session logs in again. */
  readonly refreshes: boolean;
  handle(emulator: Emulator): VendorHandle<unknown>;
  open(emulator: Emulator, options?: SessionOptions): AuthSession;
}

export const vendors: readonly VendorCase[] = [
  {
    name: 'joor',
    refreshes: false,
    handle: ({ joor }) => joor,
    open: ({ joor }, options) => createJoorAuth({ ...joor.options, ...options }) as AuthSession,
  },
  {
    name: 'joor with a token endpoint',
    refreshes: true,
    handle: ({ joor }) => joor,
    open: ({ joor }, options) => {
      const refresh = { tokenEndpoint: joor.tokenEndpoint };
      return createJoorAuth({ ...joor.options, refresh, ...options }) as AuthSession;
    },
  },
  {
    name: 'bearer-login',
    refreshes: true,
    handle: ({ bearerLogin }) => bearerLogin,
    open: ({ bearerLogin }, options) =>
      createBearerLoginAuth({ ...bearerLogin.options, ...options }) as AuthSession,
  },
  {
    name: 'password-refresh',
    refreshes: true,
    handle: ({ passwordRefresh }) => passwordRefresh,
    open: ({ passwordRefresh }, options) =>
      createPasswordRefreshAuth({ ...passwordRefresh.options, ...options }) as AuthSession,
  },
  {
    name: 'jwt-login',
    refreshes: true,
    handle: ({ jwtLogin }) => jwtLogin,
    // The way of refreshing that needs nothing of the login's answer, at a server where that works.
    open: ({ jwtLogin }, options) => {
      jwtLogin.set({ refreshWorks: true });
      const { refreshMode: _, ...account } = jwtLogin.options;
      return createJwtLoginAuth({ ...account, ...options }) as AuthSession;
    },
  },
  {
    name: 'oauth2-password',
    refreshes: true,
    handle: ({ keycloak }) => keycloak,
    // A realm whose sessions outlive the hours that tests let pass, and whose endpoint nobody is asked for: what becomes of
    // a token call is tested here.
    open: ({ keycloak }, options) => {
      const hourMs = 3_600_000;
      keycloak.set({ accessTokenLifetimeMs: hourMs, refreshTokenLifetimeMs: 720 * hourMs });
      const { issuer, ...account } = keycloak.options;
      const tokenEndpoint = `${issuer}/protocol/openid-connect/token`;
      return createOAuth2PasswordAuth({ ...account, tokenEndpoint, ...options }) as AuthSession;
    },
  },
];

/** Single vendors. The jwt-login server is the strictest: one reused refresh token ends the family. */
export const [joor, , bearerLogin, passwordRefresh, jwtLogin] = vendors as [
  VendorCase,
  VendorCase,
  VendorCase,
  VendorCase,
  VendorCase,
];

/** Loads the modules that the first exchange loads, so that no test's clock waits for them. */
await Promise.all(
  vendors.map(async ({ open }) => {
    const emulator = createEmulator();
    const session = open(emulator, { fetch: emulator.fetch, scheduler: null });
    await session.getTokens();
    await session.getTokens({ forceRefresh: true });
  }),
);
