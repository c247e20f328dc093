import type { AuthProvider, IssuedTokens, MaybePromise, TokenSet } from '@auth/core';
import {
  assertOptions,
  assertText,
  invalidOption,
  type OneTimeCode,
  type PasswordOptions,
  type ServerLocationOptions,
  serverLocationOf,
} from './options.js';
import { type AccountSettings, passwordProvider, type Vendor } from './password-provider.js';
import type { TokenCall } from './token-request.js';

/** What a user gives to a provider that {@link defineProvider} has made. */
export interface ProviderOptions extends PasswordOptions, ServerLocationOptions {
  /** The URL of the auth server, before the paths of its calls. Its origin may see tokens. */
  readonly baseUrl: string;
  /** For a vendor whose logins take one-time codes. */
  readonly otp?: OneTimeCode | undefined;
}

/** A call, by its path on the auth server: it begins with one slash, and is added to `baseUrl`. */
export type CallAt<Result> = Omit<TokenCall<Result>, 'url'> & { readonly path: string };

/** One vendor: what is sent to log in and to refresh, and where its API differs from the usual. */
export interface ProviderDefinition<Extra>
  extends Pick<Vendor<Settings, Extra>, 'authorize' | 'isTokenRejected' | 'isBodyRejected' | 'originsOf'> {
  /** The provider's name, for errors and for the keys of stores. */
  readonly name: string;
  login(account: {
    readonly username: string;
    readonly password: string;
    /** What `otp` gave. */
    readonly code: string | undefined;
  }): MaybePromise<CallAt<IssuedTokens<Extra>>>;
  /** Absent: there is no refresh, the session logs in again. */
  refresh?(tokens: TokenSet<Extra>): MaybePromise<CallAt<IssuedTokens<Extra>>>;
  /** Absent: a sign-out does not end the session at the server. What it answers is not read. */
  revoke?(tokens: TokenSet<Extra>): MaybePromise<Omit<CallAt<void>, 'parse'>>;
  /** The headers that carry the token. Default: `authorization`. */
  readonly tokenHeaders?: readonly string[];
}

interface Settings extends AccountSettings {
  readonly username: string;
}

/**
 * A provider for a vendor with a user name and a password, made of what is sent to it. One vendor's provider shares
 * everything but the account: a hundred thousand of them cost little.
 */
export function defineProvider<Extra = Record<string, unknown>>(
  definition: ProviderDefinition<Extra>,
): (options: ProviderOptions) => AuthProvider<Extra> {
  assertDefinition(definition);
  const { login, refresh, revoke, tokenHeaders, ...others } = definition;
  const vendor: Vendor<Settings, Extra> = {
    ...others,
    loadCalls: async () => ({
      login: ({ issuer, username }, { password, code }) => at(issuer, login({ username, password, code })),
      ...(refresh && { refresh: ({ issuer }, tokens) => at(issuer, refresh(tokens)) }),
      ...(revoke && {
        revoke: async ({ issuer }, tokens) => at(issuer, { ...(await revoke(tokens)), parse: () => {} }),
      }),
    }),
    identityOf: ({ username }) => ({ username }),
    canRefresh: () => refresh !== undefined,
    canRevoke: () => revoke !== undefined,
    ...(tokenHeaders && { tokenHeaders: () => tokenHeaders }),
  };
  return (options) => {
    assertOptions(options);
    const { username, password, otp } = options;
    assertText('username', username);
    return passwordProvider(vendor, {
      ...serverLocationOf(options),
      username,
      password,
      ...(otp === undefined ? {} : { otp }),
    });
  };
}

/** @throws AuthError `invalid_options` naming the part that is wrong */
function assertDefinition<Extra>(definition: ProviderDefinition<Extra>): void {
  assertOptions(definition);
  assertText('name', definition.name);
  if (typeof definition.login !== 'function') throw invalidOption('login', 'a function');
  for (const name of ['refresh', 'revoke', 'authorize', 'isTokenRejected', 'originsOf'] as const)
    if (definition[name] !== undefined && typeof definition[name] !== 'function')
      throw invalidOption(name, 'a function');
}

/** @throws AuthError `invalid_options` for a path that would lead to another host */
async function at<Result>(
  issuer: string,
  described: MaybePromise<CallAt<Result>>,
): Promise<TokenCall<Result>> {
  const { path, ...call } = await described;
  if (typeof path !== 'string' || !/^\/(?!\/)[^#\\\s]*$/.test(path))
    throw invalidOption('path', 'a path that begins with one slash');
  return { ...call, url: issuer + path };
}
