import type { ApiAnswer, AuthSessionOptions, Timeouts } from './auth-session.js';
import { checkIssuer, checkOptions, checkProvider } from './check-options.js';
import type { Clock } from './clock.js';
import { type Environment, environmentOf, seededBy } from './environment.js';
import { AuthError, type AuthErrorCode, type AuthErrorDetails } from './errors.js';
import { type EventBody, type EventListener, emitEvent } from './events.js';
import * as limits from './limits.js';
import { isThenable, type MaybePromise } from './maybe-promise.js';
import { assertAllowed, assertLearnt, originsIn } from './origins.js';
import { defaultRefreshPolicy, type RefreshPolicy, whileRefreshable } from './policy.js';
import type { AuthProvider, FetchLike } from './provider.js';
import { ignoreRejection } from './quietly.js';
import { reasonOf } from './reason.js';
import { sharedScheduler } from './scheduler/shared-scheduler.js';
import { type TimerOwner, TimerScheduler } from './scheduler/timer-scheduler.js';
import type { TokenStore } from './store.js';
import { SingleRecord } from './stores/single-record.js';
import { earlyRefreshEnd, type TokenSet } from './tokens.js';

/** Callers that share one wait, and what they wait for. */
export interface CallGroup {
  /** On the monotonic clock. */
  readonly since: number;
  readonly tokens: Promise<TokenSet>;
  /** The access token of `tokens`; made for the first caller that wants it alone. */
  accessToken: Promise<string> | undefined;
}

/** One session's options, checked and complete, and its listeners. */
export class SessionContext {
  readonly provider: AuthProvider;
  readonly store: TokenStore;
  readonly key: string;
  /** Where a token may go, copied from the provider. */
  readonly allowedOrigins: readonly string[];
  readonly environment: Environment;
  listeners: readonly EventListener[];
  /** Callers that arrived close together and wait for the same flight on the same terms. */
  callGroup: CallGroup | undefined;

  constructor(provider: AuthProvider, options: AuthSessionOptions) {
    checkProvider(provider);
    checkOptions(options);
    this.environment = environmentOf(options);
    checkIssuer(provider, this.insecureOrigins);
    this.provider = provider;
    this.allowedOrigins = originsIn('allowedOrigins', provider.allowedOrigins);
    this.store = options.store ?? new SingleRecord();
    this.key = options.key ?? JSON.stringify([provider.name, provider.issuer, provider.account]);
    this.listeners = options.onEvent === undefined ? none : [options.onEvent];
  }

  /** Whether the session takes part in timers. */
  get hasTimers(): boolean {
    return this.environment.scheduler !== null;
  }

  /** Sets the account's timer on this session's scheduler, and replaces a timer that the account has there. */
  schedule<Owner extends TimerOwner>(
    account: Owner & { readonly key: string },
    at: number,
    run: (account: Owner) => MaybePromise<void>,
  ): { cancel(account: Owner): void } {
    const scheduler = this.environment.scheduler ?? sharedScheduler(this.clock);
    if (scheduler instanceof TimerScheduler) {
      scheduler.arm<Owner>(account, at, run);
      return scheduler;
    }
    const cancel: unknown = scheduler.schedule({ key: account.key, at, run: () => run(account) });
    ignoreRejection(cancel);
    return { cancel: typeof cancel === 'function' ? (cancel as () => void) : () => {} };
  }

  get fetch(): FetchLike {
    return this.environment.fetch;
  }

  get clock(): Clock {
    return this.environment.clock;
  }

  get random(): () => number {
    return this.environment.random ?? Math.random;
  }

  get timeouts(): Timeouts {
    return this.environment.timeouts;
  }

  get insecureOrigins(): readonly string[] {
    return this.environment.insecureOrigins;
  }

  /** How long after the end of an outage this account comes back: accounts come one after the other. */
  get recoverySpreadMs(): number {
    return limits.recoverySpreadMs * seededBy(this.key)();
  }

  error(code: AuthErrorCode, details?: AuthErrorDetails): AuthError {
    return new AuthError(code, { provider: this.provider.name, ...details });
  }

  emit(body: EventBody): void {
    if (this.listeners.length === 0) return;
    emitEvent(this.listeners, { at: this.clock.now(), key: this.key, provider: this.provider.name }, body);
  }

  /** When a set is due for a refresh. The default policy stands in for one that throws or returns no instants. */
  dueTimes(tokens: TokenSet): ReturnType<RefreshPolicy> {
    // By the set's id, so that every process computes the same instants.
    const random = this.environment.random ?? seededBy(tokens.id);
    try {
      const due = this.environment.refreshPolicy(tokens, random);
      ignoreRejection(due);
      const { advisoryAt, mandatoryAt } = due;
      const areInstants = typeof advisoryAt === 'number' && typeof mandatoryAt === 'number';
      if (areInstants)
        return { advisoryAt: whileRefreshable(this.provider, tokens, advisoryAt, random), mandatoryAt };
    } catch {
      // The default policy stands in.
    }
    return defaultRefreshPolicy(tokens, random);
  }

  /**
   * Whether there is a refresh token worth sending. Its end is only a hint, and so it is sent in spite of it; except
   * where it ends before the access token, as the server told, and a password is at hand.
   */
  canRefresh(tokens: TokenSet): boolean {
    const { refresh, prepareLogin } = this.provider;
    if (tokens.refreshToken === undefined || refresh === undefined) return false;
    const endsAt = earlyRefreshEnd(tokens);
    return endsAt === undefined || prepareLogin === undefined || this.clock.now() < endsAt;
  }

  /** @throws AuthError `origin_not_allowed` or `insecure_url` where no set may go to this URL, or not this set */
  assertAllowed(url: URL, tokens?: TokenSet): void {
    assertAllowed(url, this);
    if (tokens !== undefined) assertLearnt(url, this, tokens);
  }

  /** Writes the set's headers on a request to this URL. @throws AuthError as {@link assertAllowed} does */
  authorize(url: URL, headers: Headers, tokens: TokenSet): void {
    this.assertAllowed(url, tokens);
    write(this.provider, headers, tokens);
  }

  /** Whether the token goes into other headers than Authorization: as the provider declares, or else as it does. */
  writesOtherHeaders(tokens: TokenSet): boolean {
    const { tokenHeaders } = this.provider;
    const written = new Headers();
    if (tokenHeaders === undefined) write(this.provider, written, tokens);
    return [...(tokenHeaders ?? written.keys())].some((name) => name.toLowerCase() !== 'authorization');
  }

  /** Whether the API's answer refuses the token. `isOld`: there is another one by now, so that a refusal costs no exchange. */
  isRejection(
    { status, headers, url, redirected = false, bodyRejected = false }: ApiAnswer,
    isOld: boolean,
  ): boolean {
    if (bodyRejected) return true;
    // A 401 of an origin that must not see the token was no answer to it. Some transports do not know the URL.
    let rejected = status === 401 && (isOld || !URL.canParse(url ?? '') || isAllowed(this, url as string));
    try {
      const told: unknown = this.provider.isTokenRejected?.({ status, headers, url, redirected });
      ignoreRejection(told);
      // One that is asynchronous decides nothing.
      if (!isThenable(told)) rejected = Boolean(told ?? rejected);
    } catch {
      // The caller gets the API's answer, as it would without a rule of the provider's.
    }
    // RFC 6750 section 3.1: the token is valid but lacks a scope, and a new token would lack the same scope.
    return rejected && !/\berror\s*=\s*"?insufficient_scope\b/i.test(headers.get('www-authenticate') ?? '');
  }

  /** Whether work may go on after the call that caused it has ended. */
  get mayOutliveCalls(): boolean {
    return this.hasTimers || this.environment.waitUntil !== undefined;
  }
}

const none: readonly never[] = [];

// Functions, because private methods would cost each of very many instances a field.

function isAllowed(context: SessionContext, url: string): boolean {
  try {
    context.assertAllowed(new URL(url));
    return true;
  } catch {
    return false;
  }
}

function write(provider: AuthProvider, headers: Headers, tokens: TokenSet): void {
  try {
    if (provider.authorize === undefined) headers.set('authorization', `Bearer ${tokens.accessToken}`);
    else {
      // What an asynchronous one writes at once counts.
      const written: unknown = provider.authorize(headers, tokens);
      ignoreRejection(written);
    }
  } catch (error) {
    // The platform's error about a header's value quotes the value, which holds the token.
    const detail = `authorize threw ${reasonOf(error)}`;
    throw new AuthError('invalid_response', { provider: provider.name, detail });
  }
}
