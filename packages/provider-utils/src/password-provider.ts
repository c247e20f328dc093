import {
  AuthError,
  type AuthProvider,
  type ExchangeContext,
  type IssuedTokens,
  isAuthError,
  type MaybePromise,
  type PreparedLogin,
  type TokenSet,
} from '@auth/core';
import { codeNotSent, nextCode } from './one-time-code.js';
import {
  assertOneTimeCode,
  assertSecret,
  type OneTimeCode,
  type Secret,
  type ServerLocation,
  secretOf,
} from './options.js';
import { callVendor, describeCall, loaded, preload, requestTokens } from './request-tokens.js';
import type { TokenCall } from './token-request.js';

/** One account on a vendor's server, made of checked options. */
export interface AccountSettings extends ServerLocation {
  /** Absent: the session never logs in by itself. */
  readonly password?: Secret | undefined;
  /** Part of what a login sends, where the vendor identifies its clients. */
  readonly clientSecret?: Secret | undefined;
  /** Each login sends a code that it gives. */
  readonly otp?: OneTimeCode | undefined;
}

/** The secrets of one login, at hand. */
export interface LoginSecrets<Settings> {
  readonly password: string;
  readonly clientSecret: Settings extends { readonly clientSecret: Secret } ? string : string | undefined;
  /** Undefined for an account without codes. */
  readonly code: string | undefined;
}

/**
 * What one kind of server is sent: a module of its own, loaded with the first exchange. The context is for what must be
 * asked before, such as where the token endpoint is.
 */
export interface VendorCalls<Settings, Extra> {
  login(
    settings: Settings,
    secrets: LoginSecrets<Settings>,
    context: ExchangeContext,
  ): MaybePromise<TokenCall<IssuedTokens<Extra>>>;
  /** Absent: there is no refresh, the session logs in again. See {@link Vendor.canRefresh}. */
  refresh?(
    settings: Settings,
    tokens: TokenSet<Extra>,
    context: ExchangeContext,
  ): MaybePromise<TokenCall<IssuedTokens<Extra>>>;
  /**
   * Absent: a sign-out does not end the session at the server. See {@link Vendor.canRevoke}. Returns undefined where this
   * server turns out to have no endpoint for it.
   */
  revoke?(
    settings: Settings,
    tokens: TokenSet<Extra>,
    context: ExchangeContext,
  ): MaybePromise<TokenCall<void> | undefined>;
}

/** What is known of one kind of server before the first exchange; all accounts of a package share it. */
export interface Vendor<Settings, Extra> {
  /** The provider's name, such as `joor`. */
  readonly name: string;
  readonly loadCalls: () => Promise<VendorCalls<Settings, Extra>>;
  /** Everything that selects an identity (username, client id, scope), and no secret. */
  identityOf(settings: Settings): Readonly<Record<string, unknown>>;
  /** Whether the server refreshes this account's tokens. Default: always. */
  canRefresh?(settings: Settings): boolean;
  /** Whether the server ends this account's sessions at a sign-out. Default: never. */
  canRevoke?(settings: Settings): boolean;
  /** Secrets are sent as multipart/form-data, which cannot carry a line break unchanged. */
  readonly isMultipart?: boolean;
  /** The headers that carry the token. Default: `authorization`. */
  tokenHeaders?(settings: Settings): readonly string[];
  /** Writes the token into them. Default: `Bearer` and the token into each. */
  readonly authorize?: AuthProvider<Extra>['authorize'];
  /** Default: status 401. */
  readonly isTokenRejected?: NonNullable<AuthProvider['isTokenRejected']>;
  /** Where the API refuses a token in a body. */
  readonly isBodyRejected?: AuthProvider['isBodyRejected'];
  /** Hosts of the API that the login names. */
  readonly originsOf?: AuthProvider<Extra>['originsOf'];
}

/**
 * The provider of one account: two references, because programs hold a hundred thousand accounts.
 *
 * @throws AuthError `invalid_options` for a password that cannot be one
 */
export function passwordProvider<Settings extends AccountSettings, Extra>(
  vendor: Vendor<Settings, Extra>,
  settings: Settings,
): AuthProvider<Extra> {
  const { password, clientSecret, otp } = settings;
  assertOneTimeCode(otp);
  if (password !== undefined) assertSecret('password', password);
  if (typeof password === 'string') assertSendable(vendor, 'password', password);
  if (typeof clientSecret === 'string') assertSendable(vendor, 'clientSecret', clientSecret);
  // A getter that returns undefined stands for a method that is absent.
  return new PasswordProvider(vendor, settings) as AuthProvider<Extra>;
}

class PasswordProvider<Settings extends AccountSettings, Extra> {
  readonly #vendor: Vendor<Settings, Extra>;
  readonly #settings: Settings;

  constructor(vendor: Vendor<Settings, Extra>, settings: Settings) {
    this.#vendor = vendor;
    this.#settings = settings;
  }

  get name(): string {
    return this.#vendor.name;
  }

  get issuer(): string {
    return this.#settings.issuer;
  }

  get account(): string {
    return JSON.stringify(this.#vendor.identityOf(this.#settings));
  }

  get allowedOrigins(): readonly string[] {
    return this.#settings.allowedOrigins;
  }

  get tokenHeaders(): readonly string[] | undefined {
    return this.#vendor.tokenHeaders?.(this.#settings);
  }

  get authorize(): AuthProvider<Extra>['authorize'] | undefined {
    return this.#vendor.authorize ?? (this.#vendor.tokenHeaders && this.#authorize);
  }

  get isTokenRejected(): AuthProvider['isTokenRejected'] | undefined {
    return this.#vendor.isTokenRejected;
  }

  get isBodyRejected(): AuthProvider['isBodyRejected'] {
    return this.#vendor.isBodyRejected;
  }

  get originsOf(): AuthProvider<Extra>['originsOf'] {
    return this.#vendor.originsOf;
  }

  get prepareLogin(): AuthProvider<Extra>['prepareLogin'] | undefined {
    return this.#settings.password === undefined ? undefined : this.#prepareLogin;
  }

  get refresh(): AuthProvider<Extra>['refresh'] | undefined {
    return this.#vendor.canRefresh?.(this.#settings) === false ? undefined : this.#refresh;
  }

  get revoke(): AuthProvider<Extra>['revoke'] | undefined {
    return this.#vendor.canRevoke?.(this.#settings) === true ? this.#revoke : undefined;
  }

  get clientSecrets(): AuthProvider<Extra>['clientSecrets'] | undefined {
    return this.#settings.clientSecret === undefined ? undefined : this.#clientSecrets;
  }

  preload(): void {
    preload(this.#vendor.loadCalls);
  }

  async prepareSignIn(password: string): Promise<PreparedLogin<Extra>> {
    const vendor = this.#vendor;
    const settings = this.#settings;
    const { otp } = settings;
    const clientSecret = settings.clientSecret && (await secretOf('clientSecret', settings.clientSecret));
    assertSendable(vendor, 'password', password);
    if (clientSecret !== undefined) assertSendable(vendor, 'clientSecret', clientSecret);
    return {
      secrets: clientSecret === undefined ? [password] : [password, clientSecret],
      ...(otp === undefined ? {} : { oneTimeCode: true }),
      login: async (context) => {
        let code: string | undefined;
        try {
          return await callVendor(vendor, 'login', context, async (calls) => {
            code = otp && (await nextCode(settings, otp));
            const secrets = { password, clientSecret, code } as LoginSecrets<Settings>;
            return calls.login(settings, secrets, context);
          });
        } catch (error) {
          const isSent = !isAuthError(error) || error.delivery !== 'not_sent';
          if (code !== undefined && !isSent) codeNotSent(settings, code);
          throw withHint(error, { password, clientSecret });
        }
      },
    };
  }

  async #clientSecrets(): Promise<readonly string[]> {
    return [await secretOf('clientSecret', this.#settings.clientSecret as Secret)];
  }

  async #prepareLogin(): Promise<PreparedLogin<Extra>> {
    return this.prepareSignIn(await secretOf('password', this.#settings.password as Secret));
  }

  #refresh(tokens: TokenSet<Extra>, context: ExchangeContext): Promise<IssuedTokens<Extra>> {
    return callVendor(this.#vendor, 'refresh', context, (calls) =>
      (calls as Required<typeof calls>).refresh(this.#settings, tokens, context),
    );
  }

  async #revoke(tokens: TokenSet<Extra>, context: ExchangeContext): Promise<void> {
    const { name: provider, loadCalls } = this.#vendor;
    const phase = 'revoke';
    const call = await describeCall({ provider, phase }, async () =>
      (await loaded(loadCalls)).revoke?.(this.#settings, tokens, context),
    );
    if (call !== undefined) await requestTokens({ ...call, provider, phase }, context);
  }

  #authorize(headers: Headers, { accessToken }: TokenSet<Extra>): void {
    for (const name of this.tokenHeaders ?? []) headers.set(name, `Bearer ${accessToken}`);
  }
}

/** @throws AuthError `invalid_options` for a secret that would arrive changed */
function assertSendable(
  { name: provider, isMultipart = false }: { readonly name: string; readonly isMultipart?: boolean },
  secret: string,
  value: string,
): void {
  if (!isMultipart || !/[\r\n]/.test(value)) return;
  const detail = `${secret}: multipart/form-data cannot carry the line break in it; a secret read from a file ends in one`;
  throw new AuthError('invalid_options', { provider, delivery: 'not_sent', detail });
}

/** A refusal, with a word about a secret that ends in a line break: it was read from a file, most likely. */
function withHint(error: unknown, secrets: Readonly<Record<string, string | undefined>>): unknown {
  const isRefusal = isAuthError(error) && ['invalid_credentials', 'client_refused'].includes(error.code);
  const [name] = Object.entries(secrets).find(([, value]) => /[\r\n]$/.test(value ?? '')) ?? [];
  if (!isRefusal || name === undefined) return error;
  return new AuthError(error.code, {
    ...error,
    detail: `the ${name} ends in a line break: was it read from a file?`,
  });
}
