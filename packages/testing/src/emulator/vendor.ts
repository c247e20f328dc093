import type { Clock } from '@auth/core';
import { type AccountState, Accounts } from './accounts.js';
import { Ledger, type LedgerEntry } from './ledger.js';
import { unsignedJwt } from './random-token.js';
import { ScriptedAnswers } from './scripted-answers.js';
import { type Grant, type Presented, TokenBook } from './token-book.js';
import { json } from './wire-kit.js';

/** How a vendor's server behaves. */
export interface VendorSettings {
  accessTokenLifetimeMs: number;
  /** 0: unlimited. */
  refreshTokenLifetimeMs: number;
  /** Pause before a token call takes effect. */
  delayBeforeCommitMs: number;
  /** Pause between a token call's effect and its answer. */
  delayAfterCommitMs: number;
  /** Wrong passwords in a row after which an account is locked. 0: never. */
  lockAfter: number;
  /** The server's clock minus the emulator's. */
  clockOffsetMs: number;
  /**
   * Whether /auth/jwt/refresh of UniPoll works. Default false, as seen from version 0.12.2 and every tagged version
   * before: it answers 500 to every request that is well formed. The other vendors' always works.
   */
  refreshWorks: boolean;
  /** Keycloak: the code that a login must bring beside the password; it is taken once. Default '': none. */
  oneTimeCode: string;
}

/** Thrown to cut off a call's connection in place of an answer. */
export class DroppedConnection extends Error {}

/** A token call as its endpoint has parsed it. */
export interface TokenCall {
  readonly endpoint: LedgerEntry['endpoint'];
  readonly account?: string | undefined;
  /** TeleTracker's account_id. */
  readonly accountId?: string | undefined;
  readonly presented?: string | undefined;
}

/** The result of a token call. */
export interface TokenResult {
  readonly outcome: LedgerEntry['outcome'];
  readonly response: Response;
  readonly issued?: string | undefined;
}

/** The state of one vendor's server: accounts, tokens, knobs and ledger. */
export class Vendor {
  readonly ledger: Ledger = new Ledger();
  readonly settings: VendorSettings;
  readonly tokens: TokenBook;
  readonly accounts: Accounts;
  /** Answers that are sent in place of the vendor's own. */
  readonly scripted: ScriptedAnswers = new ScriptedAnswers();
  readonly #clock: Clock;
  readonly #defaults: VendorSettings;
  readonly #takenCodes = new Set<string>();
  #drops = 0;
  #omitted: readonly string[] = [];
  readonly #pauses = new Set<() => void>();

  constructor(
    clock: Clock,
    lifetimes: { accessMs: number; refreshMs: number },
    rotation: 'single_use' | 'newest_only',
    refreshWorks = true,
  ) {
    this.#clock = clock;
    this.#defaults = {
      accessTokenLifetimeMs: lifetimes.accessMs,
      refreshTokenLifetimeMs: lifetimes.refreshMs,
      delayBeforeCommitMs: 0,
      delayAfterCommitMs: 0,
      lockAfter: 0,
      clockOffsetMs: 0,
      refreshWorks,
      oneTimeCode: '',
    };
    this.settings = { ...this.#defaults };
    this.tokens = new TokenBook(() => this.now(), rotation);
    this.accounts = new Accounts(() => this.settings.lockAfter);
  }

  now(): number {
    return this.#clock.now() + this.settings.clockOffsetMs;
  }

  /** The sessions of a deleted account end. @throws Error for an account that was never added */
  setAccountState(username: string, state: AccountState): void {
    this.accounts.setState(username, state);
    if (state === 'deleted') this.tokens.endSessions(username);
  }

  /** Resets everything except the accounts that were added. */
  reset(): void {
    Object.assign(this.settings, this.#defaults);
    this.ledger.clear();
    this.tokens.clear();
    this.#takenCodes.clear();
    this.scripted.clear();
    this.#drops = 0;
    this.#omitted = [];
    this.stop();
    this.accounts.reset();
  }

  /** Cuts off the calls that are paused. */
  stop(): void {
    for (const end of [...this.#pauses]) end();
  }

  /** Leaves these fields out of token answers from now on. */
  omitFields(names: readonly string[]): void {
    this.#omitted = names;
  }

  /** A token answer without the fields that a test omits. */
  tokenAnswer(fields: Readonly<Record<string, unknown>>): Response {
    const kept = Object.entries(fields).filter(([name]) => !this.#omitted.includes(name));
    return json(200, Object.fromEntries(kept));
  }

  /** The next token calls take effect, but their connections are cut off before the answer. */
  dropNext(times = 1): void {
    this.#drops += times;
  }

  /** Whether a login brings the one-time code that is asked for, and that no login has brought before. */
  takeCode(code: string | undefined): boolean {
    const { oneTimeCode } = this.settings;
    if (oneTimeCode === '') return true;
    if (code !== oneTimeCode || this.#takenCodes.has(code)) return false;
    this.#takenCodes.add(code);
    return true;
  }

  issue(account: string, accessToken: string, refreshToken: string, session?: string): Grant {
    const { accessTokenLifetimeMs: accessMs, refreshTokenLifetimeMs: refreshMs } = this.settings;
    return this.tokens.issue({ account, session, accessToken, refreshToken, accessMs, refreshMs });
  }

  /**
   * Two JWTs. They end when they say so, which is in whole seconds: up to a second before the lifetime that the answer
   * names, as seen from Keycloak 26.7.3.
   */
  issueJwts(account: string, session?: string, claims: object = { sub: account }): Grant {
    const { accessTokenLifetimeMs: accessMs, refreshTokenLifetimeMs: refreshMs } = this.settings;
    const now = this.now();
    const iat = Math.floor(now / 1000);
    const lateMs = now - iat * 1000;
    const jwt = (lifetimeMs: number): string => unsignedJwt({ ...claims, iat, exp: iat + lifetimeMs / 1000 });
    return this.tokens.issue({
      account,
      session,
      accessToken: jwt(accessMs),
      refreshToken: jwt(refreshMs),
      accessMs: accessMs - lateMs,
      refreshMs: refreshMs === 0 ? 0 : refreshMs - lateMs,
    });
  }

  /** Runs one token call: pause, scripted answer or effect, pause, then the answer or a cut connection. */
  async tokenCall(call: TokenCall, effect: () => TokenResult): Promise<Response> {
    await this.#pause(this.settings.delayBeforeCommitMs);
    const kind = call.endpoint === 'verify' ? 'login' : call.endpoint;
    const scripted = kind === 'revoke' ? undefined : this.scripted.next(kind);
    const result: TokenResult =
      scripted === undefined ? effect() : { outcome: 'scripted', response: scripted };
    const dropped = this.#drops > 0;
    if (dropped) this.#drops--;
    const { outcome, issued, response } = result;
    this.ledger.record({ at: this.now(), ...call, outcome, issued, status: dropped ? 0 : response.status });
    await this.#pause(this.settings.delayAfterCommitMs);
    if (dropped) throw new DroppedConnection();
    return this.#dated(response);
  }

  /** Runs one refresh. The state of the refresh token is checked when the call takes effect, after the pause. */
  refreshCall(
    refreshToken: string | undefined,
    effect: (presented: Presented) => TokenResult,
  ): Promise<Response> {
    const presented = this.tokens.present(refreshToken);
    const known =
      presented.state === 'unknown' ? {} : { account: presented.account, presented: presented.id };
    return this.tokenCall({ endpoint: 'refresh', ...known }, () => effect(this.tokens.present(refreshToken)));
  }

  /** Runs one API call. */
  async apiCall(
    accessToken: string | undefined,
    reject: (why: 'missing' | 'dead') => Response,
    handle: (account: string) => Response | Promise<Response>,
  ): Promise<Response> {
    const scripted = this.scripted.next('api');
    if (scripted !== undefined) return this.#dated(scripted);
    const account = accessToken === undefined ? undefined : this.tokens.accountOf(accessToken);
    this.ledger.recordApiCall(account !== undefined);
    const response =
      account === undefined ? reject(accessToken === undefined ? 'missing' : 'dead') : await handle(account);
    return this.#dated(response);
  }

  /** Adds a Date header by the server's own clock. */
  #dated(response: Response): Response {
    const headers = new Headers(response.headers);
    if (!headers.has('date')) headers.set('date', new Date(this.now()).toUTCString());
    return new Response(response.body, { status: response.status, headers });
  }

  /** A pause beyond what a timer can hold lasts until {@link reset} or {@link stop}. */
  #pause(delayMs: number): Promise<void> | undefined {
    if (delayMs === 0) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = delayMs < 2 ** 31 ? this.#clock.setTimeout(resolve, delayMs) : undefined;
    const end = (): void => {
      this.#clock.clearTimeout(timer);
      reject(new DroppedConnection());
    };
    this.#pauses.add(end);
    return promise.finally(() => this.#pauses.delete(end));
  }
}
