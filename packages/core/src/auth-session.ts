import type { Clock } from './clock.js';
import type { AuthEvent } from './events.js';
import type { MaybePromise } from './maybe-promise.js';
import type { RefreshPolicy } from './policy.js';
import type { Transport } from './provider.js';
import type { RefreshScheduler } from './scheduler/timer-scheduler.js';
import type { TokenStore } from './store.js';
import type { IssuedTokens, TokenSet } from './tokens.js';

/** Deadlines in milliseconds. */
export interface Timeouts {
  /** One login or refresh request. Default 10 s. */
  readonly exchangeMs: number;
  /** Waiting for the store's lock. Default 60 s. */
  readonly lockMs: number;
  /** One call of the store. Default 5 s. */
  readonly storeMs: number;
  /** The function that gives the password or client secret. Default 20 s. */
  readonly credentialsMs: number;
  /** One caller's wait; the work it waited for goes on. Default 90 s. */
  readonly callMs: number;
}

/** Options of every session, whatever its provider. */
export interface AuthSessionOptions<Extra = Record<string, unknown>> {
  /** Default: a {@link memoryStore} of its own. */
  readonly store?: TokenStore | undefined;
  /**
   * Default: one shared {@link timerScheduler}. `null`, for serverless platforms: no timers, and no work outlives a
   * call unless `waitUntil` is given. A scheduler of your own is given the session's key as the task's key: sessions with
   * one key on different stores, those without a `store` included, need a scheduler each.
   */
  readonly scheduler?: RefreshScheduler | null | undefined;
  /** Receives the promise of each exchange, background refreshes included, like a worker's `ctx.waitUntil`. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** Timers refresh even sets that nobody has used since they were issued. Default false. */
  readonly keepAlive?: boolean | undefined;
  /**
   * Timers and {@link AuthSession.maintain} renew a set that has no refresh token, too, by a login before it ends. Takes
   * half of `maxLoginsPerHour` at most: where lives are too short for that, an event says so and callers log in as
   * before. Never after a refused password, in a pause, or where another process has just logged in. Default false.
   */
  readonly loginAhead?: boolean | undefined;
  /** When a set is due: see {@link RefreshPolicy}. Default: after 75 to 85 % of its life. */
  readonly refreshPolicy?: RefreshPolicy | undefined;
  /** Tokens from elsewhere, used only where the store holds nothing for this key. */
  readonly initialTokens?: IssuedTokens<Extra> | undefined;
  /**
   * Transport of exchanges and of `session.fetch`, such as undici's or node-fetch's. node-fetch 2 cannot cancel an
   * answer, so a refused answer of more than 64 KiB keeps its connection. Default: the global fetch, looked up at each
   * call.
   */
  readonly fetch?: Transport | undefined;
  /** For tests. Without a scheduler of your own, timers run on this clock too. Default {@link systemClock}. */
  readonly clock?: Clock | undefined;
  /**
   * From 0 to below 1. Spreads what many processes would otherwise do at the same moment: refreshes, resends, retries,
   * and logins that follow a failure. Default `Math.random`.
   */
  readonly random?: (() => number) | undefined;
  /** The store's key. Default: `JSON.stringify([name, issuer, account])` of the provider. */
  readonly key?: string | undefined;
  /** Password attempts in any hour. Default 20. */
  readonly maxLoginsPerHour?: number | undefined;
  /**
   * The same refused secrets are tried again after this long, milliseconds: a third party may have had the account
   * locked by wrong passwords of its own. Doubles at each refusal up to a day, give or take a quarter by account. At
   * least 15 minutes. Default: never.
   */
  readonly refusedLoginRetryMs?: number | undefined;
  /** Deadlines, milliseconds: each one that is left out keeps its default. */
  readonly timeouts?: { readonly [Name in keyof Timeouts]?: number | undefined } | undefined;
  /** Origins on plain http that may see credentials and tokens; loopback always may. */
  readonly allowInsecureOrigins?: readonly string[] | undefined;
  /** Hears every event, in the middle of the session's work: keep it quick. */
  readonly onEvent?: ((event: AuthEvent) => void) | undefined;
}

/** Options of a call that asks for a token. */
export interface GetTokenOptions {
  /** Exchanges even though the token in hand is fresh. Callers at the same time share one exchange. */
  readonly forceRefresh?: boolean | undefined;
  /** The access token that the API just refused. A session that has another valid token by now returns that token. */
  readonly rejected?: string | undefined;
  /**
   * At least so much life left, milliseconds: for work that takes long. Counts 90 % of the life at most; a set issued
   * within a minute, or of unknown life, satisfies any. If the exchange fails, the token that lives is returned.
   */
  readonly minValidMs?: number | undefined;
  /** Ends this caller's wait; the shared work goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** What a session needs to know of an answer of the API. */
export interface ApiAnswer {
  /** HTTP status of the answer. */
  readonly status: number;
  /** The answer's headers. */
  readonly headers: Headers;
  /** The final URL, after redirects. Empty where it is unknown: then refusals of all origins count together. */
  readonly url: string;
  /** The answer came by a redirect. */
  readonly redirected?: boolean | undefined;
  /** The body refuses the token, as the provider's `isBodyRejected` says. */
  readonly bodyRejected?: boolean | undefined;
}

/** Options of a run of {@link AuthSession.maintain}. */
export interface MaintainOptions {
  /** Also logs in where a login is needed. Default false: such an account waits for a caller. */
  readonly login?: boolean | undefined;
  /**
   * Asked after the look at the store and before an exchange, for a rate that many workers share. Milliseconds to wait
   * end the run with that `nextAt`; 0 lets it go on.
   */
  readonly admit?: (() => MaybePromise<number>) | undefined;
  /** Ends the wait; an exchange under way goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** How an account stands after {@link AuthSession.maintain}, and when to come again. */
export interface Maintenance {
  /** As in {@link AuthStatus}; `unavailable`: no token lives, and a pause or a failed exchange stands in the way. */
  readonly state: AuthStatus['state'] | 'unavailable';
  /** Epoch milliseconds. Absent: a person must act first. */
  readonly nextAt?: number;
}

/** What is known without an exchange. Instants are epoch milliseconds. */
export interface AuthStatus {
  /**
   * `signed_in`: there are tokens that are valid or can be refreshed. `signed_out`: by `signOut()`, here or elsewhere.
   * `login_blocked`: a refused login stands, or a refused client and no token lives. `idle`: none of these; with credentials, the next call logs in.
   */
  readonly state: 'signed_in' | 'signed_out' | 'login_blocked' | 'idle';
  /** End of the access token, where known. */
  readonly expiresAt?: number;
  /** When the refusal that blocks logins came. */
  readonly blockedAt?: number;
  /** No token call before this instant. */
  readonly retryAt?: number;
  /** When the exchange that brought the tokens was sent. */
  readonly issuedAt?: number;
  /** The failed exchange that the last success did not follow. */
  readonly lastFailure?: {
    /** An {@link AuthErrorCode}; a later version may store others. */
    readonly code: string;
    /** HTTP status of the answer, where there was one. */
    readonly status?: number;
    /** The server's own word, where the provider knows it. */
    readonly serverCode?: string;
    /** When it failed, epoch milliseconds. */
    readonly at: number;
  };
}

/**
 * One identity on one server. All methods reject with an {@link AuthError}, with the reason of the caller's own signal,
 * or, for an invalid URL, with the platform's TypeError. Sessions with the same key on the same store object share
 * their work.
 */
export interface AuthSession<Extra = Record<string, unknown>> {
  /** Base URL of the auth server. */
  readonly issuer: string;
  /** The origins that may see tokens, as the provider names them; the API's hosts that a login names come from these. */
  readonly allowedOrigins: readonly string[];
  /** The platform's fetch with the token on it. Works detached. */
  readonly fetch: typeof globalThis.fetch;
  /** The access token of {@link getTokens}. */
  getAccessToken(options?: GetTokenOptions): Promise<string>;
  /**
   * A set that is valid now: from memory, from the store, or by one exchange that all callers share.
   *
   * @throws AuthError among others `invalid_credentials`, `login_blocked`, `reauthentication_required`, `rate_limited`,
   * `store_failed`, `signed_out`, `disposed`; or the reason of `signal`
   */
  getTokens(options?: GetTokenOptions): Promise<TokenSet<Extra>>;
  /** The token's headers for one request of a client that is not fetch. The URL's origin is checked. */
  getHeaders(url: string | URL, options?: GetTokenOptions): Promise<Headers>;
  /** Sets the token's headers for a request to `url`, at once if a fresh token is at hand. Returns the set used. */
  attach(
    url: string | URL,
    headers: Headers,
    options?: { readonly signal?: AbortSignal | undefined },
  ): MaybePromise<TokenSet<Extra>>;
  /**
   * Tells a session of the API's answer to a request that carried `sent`. Resolves to the set to replay the request
   * with, or to undefined if the answer stands. To be called for every answer that is not 2xx or came by a redirect,
   * and, with the set that it returned as `sent`, for the answer to the replay, whatever its status: by that the
   * session judges whether an exchange is of use.
   */
  tokenRejected(
    sent: TokenSet<Extra>,
    response: ApiAnswer,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<TokenSet<Extra> | undefined>;
  /**
   * For cron jobs, queues and workers: looks at the store once, refreshes a set that is due whether anybody uses it or
   * not, and says when to come again. Hands nothing out and schedules nothing. What an exchange comes to is a
   * state.
   *
   * @throws AuthError `store_failed` or `disposed`; or the reason of `signal`
   */
  maintain(options?: MaintainOptions): Promise<Maintenance>;
  /** The set in memory, perhaps expired. */
  peek(): TokenSet<Extra> | undefined;
  /** What memory and store tell, without an exchange. */
  status(): Promise<AuthStatus>;
  /**
   * Logs in now: a real password check, never an adopted session. Lifts a latch and a sign-out. A refusal leaves
   * stored tokens alone. A `password` given here is used once and not kept.
   *
   * @throws AuthError among others `invalid_credentials`, `rate_limited`, and `store_failed`: signed in, but not yet saved
   */
  signIn(options?: {
    readonly password?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<TokenSet<Extra>>;
  /**
   * Forgets the tokens here and in the store, and revokes them if the provider can; every session on them throws
   * `signed_out` until `signIn()`.
   *
   * @throws AuthError `store_failed` where others could not be told; this process is signed out all the same
   */
  signOut(): Promise<void>;
  /** Calls `listener` with every event. Returns the function that unsubscribes. */
  subscribe(listener: (event: AuthEvent) => void): () => void;
  /**
   * For the end of a program: takes no new calls, and waits for exchanges, saves, the return of the lease, and calls that
   * still wait for a token; not for the API's answers. Holds the process open meanwhile, and disposes the session in the
   * end. Always resolves: what could not be saved is an event. A second call returns the same promise.
   *
   * @param options.timeoutMs how long it waits, milliseconds; default 10,000
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
  /**
   * Ends timers and subscriptions; stored tokens stay. Later calls throw `disposed`. Calls that began before end as they
   * would have, with one more exchange and replay if the API refuses the token, and their events are heard.
   */
  dispose(): void;
  [Symbol.dispose](): void;
}
