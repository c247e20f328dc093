import {
  assertOneOf,
  assertOptions,
  assertText,
  invalidOption,
  type PasswordOptions,
  type Secret,
  type ServerLocation,
  type ServerLocationOptions,
} from '@auth/provider-utils';

/** Which headers carry the token. */
export type TokenHeader = 'both' | 'authorization' | 'authentication';

/** Options of `bearerLoginProvider`. */
export interface BearerLoginProviderOptions extends PasswordOptions, ServerLocationOptions {
  /** The URL before /auth/login; spread {@link teletracker} for TeleTracker's. */
  readonly baseUrl: string;
  /** For users with several accounts: the account that the session is bound to. */
  readonly accountId?: number | undefined;
  /**
   * The vendor's page on tokens writes `Authentication: Bearer`, its other pages `Authorization: Bearer`. Default
   * `both`.
   */
  readonly tokenHeader?: TokenHeader | undefined;
}

/** What an account is made of. */
export interface BearerLoginSettings extends ServerLocation {
  readonly username: string;
  readonly password: Secret | undefined;
  readonly accountId: number | undefined;
  readonly tokenHeader: TokenHeader;
}

/** TeleTracker's URL and origin, to be spread into the options. */
export function teletracker(): { readonly baseUrl: string; readonly allowedOrigins: readonly string[] } {
  return { baseUrl: 'https://api.teletracker.net', allowedOrigins: ['https://api.teletracker.net'] };
}

/** @throws AuthError `invalid_options` naming the option */
export function assertBearerLoginOptions(options: BearerLoginProviderOptions): void {
  assertOptions(options);
  const { username, accountId, tokenHeader } = options;
  assertText('username', username);
  if (accountId !== undefined && !Number.isSafeInteger(accountId))
    throw invalidOption('accountId', 'a whole number');
  if (tokenHeader !== undefined)
    assertOneOf('tokenHeader', tokenHeader, ['both', 'authorization', 'authentication']);
}
