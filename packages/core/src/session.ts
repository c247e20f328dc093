import type { Account } from './account.js';
import { callOn, joinAccount } from './accounts.js';
import type {
  ApiAnswer,
  AuthSession,
  AuthSessionOptions,
  AuthStatus,
  GetTokenOptions,
  MaintainOptions,
  Maintenance,
} from './auth-session.js';
import type { Clock } from './clock.js';
import { SessionContext } from './context.js';
import type { AuthEvent } from './events.js';
import { initialTokens, keepInitialTokens } from './initial-tokens.js';
import * as limits from './limits.js';
import { loadExchangeHalf } from './load-exchange-half.js';
import type { MaybePromise } from './maybe-promise.js';
import { prepareSignIn } from './prepare-sign-in.js';
import type { AuthProvider, PreparedLogin } from './provider.js';
import { afterAnswer } from './refused-token.js';
import { AuthFetch } from './request/auth-fetch.js';
import { startFlight } from './schedule-refresh.js';
import { SessionEnd } from './session-end.js';
import type { TokenSet } from './tokens.js';
import { openGroup, tokensFor } from './tokens-for.js';
import { runLogin, waitAtMost } from './wait-for-token.js';

/** One session: what callers use, on an account that sessions with the same key share. */
export class Session implements AuthSession {
  readonly #context: SessionContext;
  /** Copied from the context: the fast path reads it on every call. */
  readonly #clock: Clock;
  #account: Account | undefined;
  #fetch: typeof globalThis.fetch | undefined;

  constructor(provider: AuthProvider, options: AuthSessionOptions) {
    const context = new SessionContext(provider, options);
    const initial = initialTokens(context, options);
    const account = joinAccount(context);
    if (initial !== undefined) keepInitialTokens(account, initial);
    this.#context = context;
    this.#clock = context.clock;
    this.#account = account;
  }

  get issuer(): string {
    return this.#context.provider.issuer;
  }

  get allowedOrigins(): readonly string[] {
    return this.#context.allowedOrigins;
  }

  /** Made at first use: many sessions never send a request. */
  get fetch(): typeof globalThis.fetch {
    if (this.#fetch === undefined) {
      const authFetch = new AuthFetch(this, this.#context);
      this.#fetch = authFetch.fetch.bind(authFetch);
    }
    return this.#fetch;
  }

  getTokens(options?: GetTokenOptions): Promise<TokenSet> {
    const account = this.#account;
    if (options === undefined && account !== undefined && this.#isFresh(account))
      return account.held.tokensPromise();
    return this.#getTokens(options);
  }

  getAccessToken(options?: GetTokenOptions): Promise<string> {
    const account = this.#account;
    if (options === undefined && account !== undefined && this.#isFresh(account))
      return account.held.accessTokenPromise();
    const group = options === undefined ? openGroup(this.#context, account) : undefined;
    if (group === undefined) return this.#getTokens(options).then(accessTokenOf);
    group.accessToken ??= group.tokens.then(accessTokenOf);
    return group.accessToken;
  }

  async getHeaders(url: string | URL, options?: GetTokenOptions): Promise<Headers> {
    const headers = new Headers();
    // The URL must be allowed before an exchange, too.
    const target = new URL(url);
    this.#context.assertAllowed(target);
    this.#context.authorize(target, headers, await this.getTokens(options));
    return headers;
  }

  attach(
    url: string | URL,
    headers: Headers,
    options?: { readonly signal?: AbortSignal | undefined },
  ): MaybePromise<TokenSet> {
    const tokens = this.freshTokens();
    if (tokens !== undefined) {
      this.#context.authorize(typeof url === 'string' ? new URL(url) : url, headers, tokens);
      return tokens;
    }
    // The URL must be allowed before an exchange, too; and the caller may change it meanwhile.
    const target = new URL(url);
    this.#context.assertAllowed(target);
    return this.#getTokens(options).then((later) => {
      this.#context.authorize(target, headers, later);
      return later;
    });
  }

  async tokenRejected(
    sent: TokenSet,
    response: ApiAnswer,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<TokenSet | undefined> {
    return this.afterAnswer(sent, response, options?.signal);
  }

  afterAnswer(
    sent: TokenSet,
    answer: ApiAnswer,
    signal: AbortSignal | undefined,
  ): Promise<TokenSet | undefined> | undefined {
    const context = this.#context;
    const account = this.#account;
    if (account !== undefined) return afterAnswer(context, account, sent, answer, signal);
    // The request began before the session ended.
    const end = ends.get(this) as SessionEnd;
    return end.rejoinFor((rejoined) => afterAnswer(context, rejoined, sent, answer, signal));
  }

  async maintain(options: MaintainOptions = {}): Promise<Maintenance> {
    const account = this.#live();
    const context = this.#context;
    options.signal?.throwIfAborted();
    const running = loadExchangeHalf(context).then(({ maintain }) =>
      maintain(context, account, options, (plan) => startFlight(context, account, plan).tokens),
    );
    return callOn(account, waitAtMost(context, running, options.signal));
  }

  peek(): TokenSet | undefined {
    return this.#account?.tokens;
  }

  async status(): Promise<AuthStatus> {
    const account = this.#live();
    const context = this.#context;
    return waitAtMost(
      context,
      loadExchangeHalf(context).then(({ readStatus }) => readStatus(context, account)),
    );
  }

  async signIn(
    options: { readonly password?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<TokenSet> {
    const { password, signal } = options;
    const plan = {
      kind: 'sign_in',
      prepare: prepareSignIn(this.#context, password),
      isTyped: password !== undefined,
    } as const;
    return (await runLogin(this.#context, this.#live(), plan, signal)) as TokenSet;
  }

  async verify(prepare: () => MaybePromise<PreparedLogin<unknown>>, isTyped: boolean): Promise<void> {
    await runLogin(this.#context, this.#live(), { kind: 'verify', prepare, isTyped }, undefined);
  }

  async signOut(): Promise<void> {
    const account = this.#live();
    const context = this.#context;
    const inHand = account.tokens;
    account.signedOut();
    const loading = loadExchangeHalf(context);
    const writing = loading.then(({ writeSignOut }) => writeSignOut(context, account));
    const over = writing.then(nothing, nothing);
    account.signOutBegan(over);
    const finish = async (): Promise<void> => {
      const stored = await writing.catch(nothing);
      account.signOutEnded(over);
      await (await loading).revokeSignedOut(context, account, inHand, stored);
      await writing;
    };
    await callOn(account, waitAtMost(context, finish()));
  }

  subscribe(listener: (event: AuthEvent) => void): () => void {
    this.#live();
    const context = this.#context;
    const entry = (event: AuthEvent): void => listener(event);
    context.listeners = [...context.listeners, entry];
    return () => {
      context.listeners = context.listeners.filter((each) => each !== entry);
    };
  }

  close(options?: { readonly timeoutMs?: number | undefined }): Promise<void> {
    return this.#end().close(options?.timeoutMs ?? limits.closeMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  dispose(): void {
    this.#end().leave();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  freshTokens(): TokenSet | undefined {
    const account = this.#account;
    return account !== undefined && this.#isFresh(account) ? account.tokens : undefined;
  }

  /** The fast path of nearly every call: reads the clock once. */
  #isFresh(account: Account): boolean {
    return account.held.handOutIfFresh(this.#clock.now());
  }

  #getTokens(options?: GetTokenOptions): Promise<TokenSet> {
    const group = options === undefined ? openGroup(this.#context, this.#account) : undefined;
    return group?.tokens ?? tokensFor(this.#context, this.#account, options);
  }

  /** Takes no new calls from now on. */
  #end(): SessionEnd {
    const account = this.#account;
    if (account !== undefined) ends.set(this, new SessionEnd(this.#context, account));
    this.#account = undefined;
    return ends.get(this) as SessionEnd;
  }

  #live(): Account {
    if (this.#account === undefined) throw this.#context.error('disposed');
    return this.#account;
  }
}

/** Kept apart, because most sessions never end. */
const ends = new WeakMap<Session, SessionEnd>();

const nothing = (): undefined => undefined;
const accessTokenOf = ({ accessToken }: TokenSet): string => accessToken;
