import type { Clock } from '@auth/core';
import type { Ledger } from './ledger.js';
import type { ScriptedAnswer, VendorSettings } from './vendor.js';

export type VendorName = 'joor' | 'bearerLogin' | 'passwordRefresh' | 'jwtLogin';

/** Answers an API call behind a live token. */
export type ApiHandler = (request: Request) => Response | Promise<Response>;

/** Options of `createEmulator`. */
export interface EmulatorOptions {
  /** Your own answers behind a live token, by vendor. Default: the vendor's name and the path. */
  readonly api?: { readonly [Name in VendorName]?: ApiHandler | undefined } | undefined;
  /** The servers' clock: share a manual one with the sessions to let tokens expire without waiting. */
  readonly clock?: Clock | undefined;
}

/** One vendor's server, and what a test does to it. */
export interface VendorHandle<Options> {
  /** To be spread into the provider's options: where the server is, and an account that can log in. */
  readonly options: Options;
  /** A resource behind a token. */
  readonly apiUrl: string;
  /** Every token call the server saw. */
  readonly ledger: Ledger;
  /** Changes how the server behaves from now on. */
  set(settings: Partial<VendorSettings>): void;
  readonly settings: Readonly<VendorSettings>;
  addAccount(username: string, password: string): void;
  /** The next calls get this answer in place of the vendor's own. */
  answerNext(answer: ScriptedAnswer): void;
  /** The next token calls take effect, and the connection breaks before the answer. */
  dropNext(times?: number): void;
  /** Leaves these fields out of token answers from now on. */
  omitFields(...names: readonly string[]): void;
  /** Access tokens issued so far are over; their refresh tokens live on. */
  expireTokens(): void;
  /** The same, for tests that mean a revocation: refresh tokens live on. */
  revokeAccessTokens(): void;
  /** Nothing issued so far is good any more, refresh tokens included. */
  endSessions(): void;
  /** Id under which the ledger knows a refresh token. */
  refreshIdOf(refreshToken: string): string | undefined;
  /** Id of the refresh token issued last to an account. */
  newestRefreshId(username: string): string | undefined;
  /** Settings, ledger, tokens and scripted answers as at the start. Accounts that were added stay. */
  reset(): void;
}

/** What all four accounts share. */
export interface AccountOptions {
  readonly baseUrl: string;
  readonly username: string;
  readonly password: string;
}

/** Four vendors' servers in one. */
export interface Emulator {
  /** Where it listens; without a socket a loopback name that only {@link Emulator.fetch} knows. */
  readonly url: string;
  /**
   * Answers without a socket: this emulator's own URLs, and those of the vendors' real hosts. It follows no redirect.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  readonly joor: VendorHandle<
    AccountOptions & { readonly clientId: string; readonly clientSecret: string }
  > & {
    /** Keycloak's own endpoint, for the provider's `refresh` option. */
    readonly tokenEndpoint: string;
  };
  readonly bearerLogin: VendorHandle<AccountOptions>;
  readonly passwordRefresh: VendorHandle<AccountOptions>;
  readonly jwtLogin: VendorHandle<AccountOptions>;
}
