import { type Account, joinAccount, leaveAccount } from './account.js';
import { createFetch } from './auth-fetch.js';
import type { AuthSession, AuthSessionOptions, AuthStatus, GetTokenOptions } from './auth-session.js';
import { SessionContext } from './context.js';
import { waitFor } from './deadline.js';
import { AuthError } from './errors.js';
import type { AuthEvent } from './events.js';
import type { FlightPlan } from './flight.js';
import { limits } from './limits.js';
import type { MaybePromise } from './maybe-promise.js';
import { assertAllowed } from './origins.js';
import type { AuthProvider, ExchangeContext, PreparedLogin } from './provider.js';
import { readStored } from './records.js';
import { signOut } from './sign-out.js';
import { type TokenSet, tokenSetFrom } from './tokens.js';
import { refreshInBackground, startFlight } from './upkeep.js';

/**
 * Opens a session on one identity. It does nothing until it is asked for a token.
 *
 * @throws AuthError `invalid_options` naming the option, or `insecure_url` for an issuer on plain http
 */
export function createAuthSession<Extra = Record<string, unknown>>(
  provider: AuthProvider<Extra>,
  options: AuthSessionOptions<Extra> = {},
): AuthSession<Extra> {
  // The engine hands a provider's extras through and never looks at them.
  const session: AuthSession = new Session(
    provider as unknown as AuthProvider,
    options as AuthSessionOptions,
  );
  return session as unknown as AuthSession<Extra>;
}

/**
 * Sends a password for another purpose than tokens, such as checking it, under the session's login guard: counted,
 * latched when refused, and not sent at all while a refusal of the same secrets stands.
 *
 * @param options.typed the secrets are a person's, not the configured ones: a refusal leaves their latch alone
 */
export function verifyLogin<Extra>(
  session: AuthSession<Extra>,
  prepare: () => MaybePromise<{
    readonly secrets: readonly string[];
    login(context: ExchangeContext): Promise<unknown>;
  }>,
  options: { readonly typed?: boolean | undefined } = {},
): Promise<void> {
  const { typed = false } = options;
  return (session as unknown as Session).verify(prepare as () => MaybePromise<PreparedLogin<unknown>>, typed);
}

/** Callers that arrived close together and wait for the same flight on the same terms. */
interface CallGroup {
  readonly since: number;
  readonly tokens: Promise<TokenSet>;
}

class Session implements AuthSession {
  readonly #context: SessionContext;
  #account: Account | undefined;
  #group: CallGroup | undefined;
  readonly fetch: typeof globalThis.fetch;

  constructor(provider: AuthProvider, options: AuthSessionOptions) {
    const context = new SessionContext(provider, options);
    const initial = options.initialTokens && tokenSetFrom(options.initialTokens, context.clock.now());
    const account = joinAccount(context);
    if (initial !== undefined && !account.hasRead) {
      account.unsaved = { tokens: initial, parentId: undefined, initial: true, latch: undefined };
    }
    this.#context = context;
    this.#account = account;
    this.fetch = createFetch(this, context);
  }

  getTokens(options?: GetTokenOptions): Promise<TokenSet> {
    const account = this.#account;
    if (options === undefined && account !== undefined && this.#isFresh(account)) {
      return account.tokensPromise as Promise<TokenSet>;
    }
    return this.#getTokens(options ?? none);
  }

  getAccessToken(options?: GetTokenOptions): Promise<string> {
    const account = this.#account;
    if (options === undefined && account?.accessTokenPromise !== undefined && this.#isFresh(account)) {
      return account.accessTokenPromise;
    }
    return this.#getAccessToken(options);
  }

  async getHeaders(url: string | URL, options?: GetTokenOptions): Promise<Headers> {
    this.#assertAllowed(url);
    const tokens = await this.getTokens(options);
    const headers = new Headers();
    this.#context.authorize(headers, tokens);
    return headers;
  }

  attach(
    url: string | URL,
    headers: Headers,
    options?: { readonly signal?: AbortSignal | undefined },
  ): MaybePromise<TokenSet> {
    this.#assertAllowed(url);
    const account = this.#account;
    if (account !== undefined && this.#isFresh(account)) {
      const tokens = account.tokens as TokenSet;
      this.#context.authorize(headers, tokens);
      return tokens;
    }
    return this.#getTokens(options ?? none).then((tokens) => {
      this.#context.authorize(headers, tokens);
      return tokens;
    });
  }

  async tokenRejected(
    sent: TokenSet,
    response: { readonly status: number; readonly headers: Headers },
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<TokenSet | undefined> {
    const account = this.#live();
    if (!this.#context.isRejection(response)) return undefined;
    if (account.tokens?.id === sent.id && !this.#refuse(account, sent.id, response.status)) return undefined;
    return this.#obtain({ unlike: sent.id, signal: options?.signal });
  }

  peek(): TokenSet | undefined {
    return this.#account?.tokens;
  }

  async status(): Promise<AuthStatus> {
    const account = this.#live();
    const { guard, tokens: storedTokens, signedOutAt } = (await readStored(this.#context)).envelope;
    const tokens = account.tokens ?? account.unsaved?.tokens ?? storedTokens;
    const latch = account.latch ?? guard.latch;
    const now = this.#context.clock.now();
    const retryAt = guard.notBefore !== undefined && guard.notBefore > now ? guard.notBefore : undefined;
    const signedOut = account.signedOut || (signedOutAt !== undefined && tokens === undefined);
    const state = signedOut ? 'signed_out' : tokens ? 'signed_in' : latch ? 'login_blocked' : 'idle';
    return {
      state,
      ...(state === 'signed_in' && tokens?.expiresAt !== undefined ? { expiresAt: tokens.expiresAt } : {}),
      ...(latch === undefined ? {} : { blockedAt: latch.at }),
      ...(retryAt === undefined ? {} : { retryAt }),
    };
  }

  async signIn(
    options: { readonly password?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<TokenSet> {
    const { password, signal } = options;
    const { provider } = this.#context;
    if (password === undefined) {
      const prepare = provider.prepareLogin?.bind(provider);
      if (prepare === undefined)
        throw new AuthError('reauthentication_required', { provider: provider.name });
      return (await this.#fly({ kind: 'sign_in', prepare }, signal)) as TokenSet;
    }
    if (typeof password !== 'string' || password === '') {
      throw new AuthError('invalid_options', {
        provider: provider.name,
        detail: 'password: expected a text',
      });
    }
    if (provider.prepareSignIn === undefined) {
      throw new AuthError('invalid_options', {
        provider: provider.name,
        detail: 'password: this provider takes none here',
      });
    }
    const prepare = (): MaybePromise<PreparedLogin<unknown>> =>
      (provider.prepareSignIn as (text: string) => never)(password);
    return (await this.#fly({ kind: 'sign_in', prepare, typed: true }, signal)) as TokenSet;
  }

  async verify(prepare: () => MaybePromise<PreparedLogin<unknown>>, typed: boolean): Promise<void> {
    await this.#fly({ kind: 'verify', prepare, typed }, undefined);
  }

  async signOut(): Promise<void> {
    await signOut(this.#context, this.#live());
  }

  subscribe(listener: (event: AuthEvent) => void): () => void {
    this.#live();
    const { listeners } = this.#context;
    const entry = (event: AuthEvent): void => listener(event);
    listeners.push(entry);
    return () => {
      const index = listeners.indexOf(entry);
      if (index !== -1) listeners.splice(index, 1);
    };
  }

  dispose(): void {
    const account = this.#account;
    this.#account = undefined;
    this.#group = undefined;
    if (account !== undefined) leaveAccount(account, this.#context);
    this.#context.listeners.length = 0;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The way of nearly every call: one look at the clock. */
  #isFresh(account: Account): boolean {
    const now = this.#context.clock.now();
    if (now >= account.freshUntil || now < account.seenAt) return false;
    account.seenAt = now;
    account.handedOut = true;
    return true;
  }

  async #getAccessToken(options: GetTokenOptions | undefined): Promise<string> {
    const tokens = await this.getTokens(options);
    const account = this.#account;
    if (account?.tokens === tokens) account.accessTokenPromise ??= Promise.resolve(tokens.accessToken);
    return tokens.accessToken;
  }

  #getTokens(options: GetTokenOptions): Promise<TokenSet> {
    const { clock } = this.#context;
    // Callers of a stampede get one promise: what each of them costs is this look.
    const group = options === none ? this.#group : undefined;
    if (group !== undefined && clock.monotonic() - group.since < limits.callGroupMs) return group.tokens;
    return this.#decideFor(options);
  }

  async #decideFor(options: GetTokenOptions): Promise<TokenSet> {
    const { forceRefresh, rejected, signal } = options;
    const account = this.#live();
    signal?.throwIfAborted();
    const inHand = account.tokens;
    if (rejected !== undefined && inHand?.accessToken === rejected) {
      const counts = this.#refuse(account, inHand.id, 401);
      return counts ? this.#obtain({ unlike: inHand.id, signal }) : inHand;
    }
    if (forceRefresh === true) return this.#obtain({ forced: true, unlike: inHand?.id, signal });
    if (!account.isUsable(this.#context.clock))
      return signal === undefined ? this.#joinGroup() : this.#obtain({ signal });
    account.handedOut = true;
    if (account.seenAt >= account.freshUntil) await this.#refreshEarly(account);
    return account.tokens ?? (inHand as TokenSet);
  }

  /** The waiting callers of about the same moment share one wait, and with it one deadline. */
  #joinGroup(): Promise<TokenSet> {
    const group: CallGroup = { since: this.#context.clock.monotonic(), tokens: this.#obtain({}) };
    this.#group = group;
    const leave = (): void => {
      if (this.#group === group) this.#group = undefined;
    };
    group.tokens.then(leave, leave);
    return group.tokens;
  }

  #obtain(need: Need): Promise<TokenSet> {
    return this.#wait(this.#bring(need), need.signal);
  }

  /** Joins the flight under way, or starts one, until a set comes that will do. */
  async #bring({ unlike, forced = false }: Need): Promise<TokenSet> {
    const account = this.#live();
    const { clock } = this.#context;
    for (let turn = 1; ; turn++) {
      if (!(forced && turn === 1) && account.tokens?.id !== unlike && account.isUsable(clock)) {
        account.handedOut = true;
        return account.tokens as TokenSet;
      }
      const flight = account.flight ?? startFlight(this.#context, account, { kind: 'refresh', forced });
      if (flight.plan.kind !== 'refresh') {
        await flight.settled;
        continue;
      }
      flight.wanted = true;
      try {
        const tokens = (await flight.tokens) as TokenSet;
        if (tokens.id !== unlike || turn > limits.joins) return tokens;
      } catch (error) {
        // A timer's flight ends where a login is needed: the next one is the callers' own.
        if ((error as AuthError).code === 'refresh_refused' && turn <= limits.joins) continue;
        if (!forced && unlike === undefined && account.isAlive(clock)) return account.tokens as TokenSet;
        throw error;
      }
    }
  }

  /** Refreshes a set that is still good. The caller waits only where no work may outlive its call. */
  #refreshEarly(account: Account): Promise<void> | undefined {
    if (!account.mayRefreshEarly(this.#context.clock)) return undefined;
    const work = refreshInBackground(this.#context, account, { kind: 'refresh' });
    return this.#context.mayOutliveCalls ? undefined : this.#wait(work, undefined).catch(() => {});
  }

  /** Runs a login that a person asked for, after whatever is under way. */
  #fly(plan: FlightPlan, signal: AbortSignal | undefined): Promise<TokenSet | undefined> {
    const queue = async (): Promise<TokenSet | undefined> => {
      const account = this.#live();
      for (let flight = account.flight; flight !== undefined; flight = account.flight) {
        if (isSameSignIn(flight.plan, plan)) return flight.tokens;
        await flight.settled;
        signal?.throwIfAborted();
      }
      return startFlight(this.#context, account, plan).tokens;
    };
    return this.#wait(queue(), signal);
  }

  #wait<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    const { clock, timeouts, provider } = this.#context;
    const late = (): AuthError =>
      new AuthError('timeout', { provider: provider.name, detail: 'callMs is over, the work goes on' });
    return waitFor(clock, work, timeouts.callMs, late, signal);
  }

  /** Whether a refusal of the set in hand is reason for another. Calls with the same set that were refused too add nothing. */
  #refuse(account: Account, id: string, status: number): boolean {
    if (account.isRefused(id)) return true;
    const counts = account.refuse(this.#context.clock, id);
    this.#context.emit({ type: 'token_rejected', tokenId: id, status, ignored: !counts });
    return counts;
  }

  #assertAllowed(url: string | URL): void {
    assertAllowed(
      typeof url === 'string' ? new URL(url) : url,
      this.#context.provider,
      this.#context.insecureOrigins,
    );
  }

  #live(): Account {
    if (this.#account !== undefined) return this.#account;
    throw new AuthError('disposed', { provider: this.#context.provider.name });
  }
}

/** What a caller wants beyond any usable set. */
interface Need {
  /** The id of a set that will not do. */
  readonly unlike?: string | undefined;
  readonly forced?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const none: GetTokenOptions = Object.freeze({});

function isSameSignIn(running: FlightPlan, wanted: FlightPlan): boolean {
  return [running, wanted].every(({ kind, typed }) => kind === 'sign_in' && typed !== true);
}
