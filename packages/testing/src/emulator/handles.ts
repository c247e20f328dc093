import type { Clock } from '@auth/core';
import type { AccountState } from './accounts.js';
import type { Ledger } from './ledger.js';
import type { ScriptedAnswer } from './scripted-answers.js';
import type { VendorSettings } from './vendor.js';

export type VendorName =
  | 'joor'
  | 'bearerLogin'
  | 'passwordRefresh'
  | 'jwtLogin'
  | 'keycloak'
  | 'serviceNow'
  | 'magento'
  | 'proxmox'
  | 'zabbix';

/** Answers an API call behind a live token. */
export type ApiHandler = (request: Request) => Response | Promise<Response>;

/** Options of `createEmulator`. */
export interface EmulatorOptions {
  /** Your own answers to API calls with a live token, by vendor. Default: the vendor's name and the path. */
  readonly api?: { readonly [Name in VendorName]?: ApiHandler | undefined } | undefined;
  /** The servers' clock: share a manual one with the sessions to let tokens expire without waiting. */
  readonly clock?: Clock | undefined;
}

/** One vendor's server, and the knobs that a test turns. */
export interface VendorHandle<Options> {
  /** To be spread into the provider's options: the server's URL, and an account that can log in. */
  readonly options: Options;
  /** The URL of a resource that needs a token. */
  readonly apiUrl: string;
  /** Every token call the server saw. */
  readonly ledger: Ledger;
  /** Changes how the server behaves from now on. */
  set(settings: Partial<VendorSettings>): void;
  readonly settings: Readonly<VendorSettings>;
  addAccount(username: string, password: string): void;
  /** What the server says of an account, whatever the password. */
  setAccountState(username: string, state: AccountState): void;
  /** The next calls get this answer in place of the vendor's own. */
  answerNext(answer: ScriptedAnswer): void;
  /** The next token calls take effect, but their connections break before the answer. */
  dropNext(times?: number): void;
  /** Leaves these fields out of token answers from now on. */
  omitFields(...names: readonly string[]): void;
  /** Ends the access tokens issued so far; their refresh tokens stay valid. */
  expireTokens(): void;
  /** The same as `expireTokens`, for tests that mean a revocation. */
  revokeAccessTokens(): void;
  /** Ends all tokens issued so far, refresh tokens included. */
  endSessions(): void;
  /** Id under which the ledger knows a refresh token. */
  refreshIdOf(refreshToken: string): string | undefined;
  /** Id of the refresh token issued last to an account. */
  newestRefreshId(username: string): string | undefined;
  /** Resets settings, ledger, tokens, states of accounts and scripted answers. Accounts that were added stay. */
  reset(): void;
}

/** An account that can log in. */
export interface EmulatedAccount {
  readonly username: string;
  readonly password: string;
}

/** An account, and where its server is. */
export interface AccountOptions extends EmulatedAccount {
  readonly baseUrl: string;
}

/** A client that the server knows. */
export interface EmulatedClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Nine vendors' servers in one. */
export interface Emulator {
  /** The URL it listens on; without a socket, a loopback name that only {@link Emulator.fetch} knows. */
  readonly url: string;
  /**
   * Answers requests for this emulator's URLs, and for the real hosts of JOOR, TeleTracker and Simacan, without a socket. It
   * follows no redirect.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  readonly joor: VendorHandle<AccountOptions & EmulatedClient> & {
    /** Keycloak's own endpoint, for the provider's `refresh` option. */
    readonly tokenEndpoint: string;
  };
  readonly bearerLogin: VendorHandle<AccountOptions>;
  readonly passwordRefresh: VendorHandle<AccountOptions>;
  /** Its options choose the way of refreshing that works at UniPoll: see {@link VendorSettings.refreshWorks}. */
  readonly jwtLogin: VendorHandle<AccountOptions & { readonly refreshMode: 'postman' }>;
  /** For `@auth/oauth2-password`: a realm of Keycloak. */
  readonly keycloak: VendorHandle<EmulatedAccount & EmulatedClient & { readonly issuer: string }>;
  /** For `@auth/oauth2-password`. */
  readonly serviceNow: VendorHandle<
    EmulatedAccount &
      EmulatedClient & { readonly tokenEndpoint: string; readonly clientAuthentication: 'body' }
  >;
  /** For providers of one's own, as the examples have them. */
  readonly magento: VendorHandle<AccountOptions>;
  readonly proxmox: VendorHandle<AccountOptions>;
  readonly zabbix: VendorHandle<AccountOptions>;
}
