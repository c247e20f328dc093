import type { MaybePromise } from './maybe-promise.js';
import type { IssuedTokens, TokenSet } from './tokens.js';

/** The part of the platform's fetch that is used here. */
export type FetchLike = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * What carries requests: the platform's fetch, or that of undici or node-fetch, or a function around one of them. It is
 * called with a URL, or with a Request of the platform, which another library need not know.
 */
// biome-ignore lint/suspicious/noExplicitAny: undici, node-fetch, Node and the DOM have types for a request that exclude each other
export type Transport = (input: any, init?: any) => Promise<TransportResponse>;

/** What all of them answer with. */
export interface TransportResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** What an exchange runs with. */
export interface ExchangeContext {
  /** The bare transport: never the authenticated fetch. */
  readonly fetch: FetchLike;
  /** Aborts at the exchange's deadline. */
  readonly signal: AbortSignal;
}

/** A login whose secrets are at hand. */
export interface PreparedLogin<Extra> {
  /** Everything whose change makes another attempt worth while. Kept only as a slow hash, and only after a refusal. */
  readonly secrets: readonly string[];
  /**
   * Each `login` asks for a one-time code, which is not among the secrets. Servers answer a wrong code like a wrong
   * password, so a refusal is tried once more, with another code, before the secrets count as refused.
   */
  readonly oneTimeCode?: boolean | undefined;
  /** Sends the login. @throws AuthError `invalid_credentials` where the server refuses the secrets */
  login(context: ExchangeContext): Promise<IssuedTokens<Extra>>;
}

/** How one kind of server logs in and refreshes. The session does everything else. */
export interface AuthProvider<Extra = Record<string, unknown>> {
  /** Such as `joor`. */
  readonly name: string;
  /** Base URL of the auth server, without userinfo, query and fragment. */
  readonly issuer: string;
  /** Everything that selects an identity (username, client id, account id, scope), and no secret. */
  readonly account: string;
  /** Where the token may go, such as `https://api.example.com`; `https://*.example.com` stands for one label. */
  readonly allowedOrigins: readonly string[];
  /** Names of the headers {@link authorize} writes. Default: `['authorization']`. */
  readonly tokenHeaders?: readonly string[] | undefined;
  /** Starts loading what an exchange needs. Called when an exchange is near, before the lock is taken. */
  preload?(): void;
  /** Asks for the secrets, once. Absent: no credentials were given, the session never logs in by itself. */
  prepareLogin?(): MaybePromise<PreparedLogin<Extra>>;
  /** Prepares a login with a password that a person just typed into {@link AuthSession.signIn}. */
  prepareSignIn?(password: string): MaybePromise<PreparedLogin<Extra>>;
  /**
   * What the client itself is known by, as far as it is secret: a `client_refused` stands until these change. Absent:
   * the client has no secrets.
   */
  clientSecrets?(): MaybePromise<readonly string[]>;
  /** Absent: there is no refresh, the session logs in again. Throws `refresh_refused` where the server refuses. */
  refresh?(tokens: TokenSet<Extra>, context: ExchangeContext): Promise<IssuedTokens<Extra>>;
  /** Ends the tokens at the server, after a sign-out. A failure is ignored. Absent: they live on until they expire. */
  revoke?(tokens: TokenSet<Extra>, context: ExchangeContext): Promise<void>;
  /** Default: `Authorization: Bearer <access token>` (RFC 6750 section 2.1). */
  authorize?(headers: Headers, tokens: TokenSet<Extra>): void;
  /**
   * Whether the API refuses the token. Asked for every answer that is not 2xx, and for every answer that came by a
   * redirect, with its final URL: perhaps that of a login page. Default: status 401.
   */
  isTokenRejected?(response: {
    readonly status: number;
    readonly headers: Headers;
    readonly url: string;
    readonly redirected: boolean;
  }): boolean;
  /** For an API that says "session ended" in a body, such as a 200 with an error inside. */
  readonly isBodyRejected?: BodyRule | undefined;
  /**
   * Hosts of the API that the login named, such as an `instance_url`: origins on https, each within a pattern of
   * {@link allowedOrigins}. A pattern then only filters: the token goes to the exact origins of `allowedOrigins`, and to
   * those that this returns for the very set that is sent.
   */
  originsOf?(tokens: TokenSet<Extra>): readonly string[];
}

/** How to find a refusal of the token in a body. */
export interface BodyRule {
  /**
   * Whether an answer with this status and these headers is worth a look. Never asked about event streams, answers to
   * HEAD, and bodies that say that they are longer than 64 KiB.
   */
  test(response: { readonly status: number; readonly headers: Headers }): boolean;
  /**
   * Whether this body refuses the token. A body that is longer than 64 KiB, or takes longer than a second, is not
   * asked about and counts as accepted; over node-fetch, 16 KiB. The caller gets the answer unread.
   */
  read(text: string): boolean;
}
