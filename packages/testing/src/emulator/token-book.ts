import { randomText } from './random-token.js';

/** An issued token pair. */
export interface Grant {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Id of the refresh token in the ledger. */
  readonly refreshId: string;
  /** The session that the login began, and that refreshes continue. */
  readonly session: string;
}

interface AccessEntry {
  readonly account: string;
  readonly session: string;
  expiresAt: number;
}

interface RefreshEntry {
  readonly id: string;
  readonly account: string;
  readonly session: string;
  readonly accessToken: string;
  readonly expiresAt: number;
  state: 'live' | 'spent' | 'revoked';
}

/** The state of a refresh token that was presented. */
export type Presented =
  | {
      readonly state: 'spendable';
      readonly id: string;
      readonly account: string;
      readonly session: string;
      readonly accessToken: string;
    }
  | {
      readonly state: 'spent' | 'expired' | 'revoked';
      readonly id: string;
      readonly account: string;
      readonly session: string;
    }
  | { readonly state: 'unknown' };

/** All issued tokens and their states. */
export class TokenBook {
  readonly #now: () => number;
  readonly #rotation: 'single_use' | 'newest_only';
  readonly #access = new Map<string, AccessEntry>();
  readonly #refresh = new Map<string, RefreshEntry>();
  #issued = 0;

  constructor(now: () => number, rotation: 'single_use' | 'newest_only') {
    this.#now = now;
    this.#rotation = rotation;
  }

  issue(grant: {
    account: string;
    /** Absent: a login begins one. */
    session?: string | undefined;
    accessToken: string;
    refreshToken: string;
    accessMs: number;
    refreshMs: number;
  }): Grant {
    const { account, accessToken, refreshToken, accessMs, refreshMs, session = randomText(16) } = grant;
    const now = this.#now();
    const id = `rt-${++this.#issued}`;
    this.#access.set(accessToken, { account, session, expiresAt: now + accessMs });
    const expiresAt = refreshMs === 0 ? Number.POSITIVE_INFINITY : now + refreshMs;
    this.#refresh.set(refreshToken, { id, account, session, accessToken, expiresAt, state: 'live' });
    return { accessToken, refreshToken, refreshId: id, session };
  }

  /** The state of a refresh token, which is not spent by this. */
  present(refreshToken: string | undefined): Presented {
    const entry = refreshToken === undefined ? undefined : this.#refresh.get(refreshToken);
    if (entry === undefined) return { state: 'unknown' };
    const { id, account, session, accessToken, state, expiresAt } = entry;
    if (state !== 'live') return { state, id, account, session };
    if (expiresAt <= this.#now()) return { state: 'expired', id, account, session };
    if (this.#rotation === 'newest_only' && this.newestRefreshId(account) !== id)
      return { state: 'spent', id, account, session };
    return { state: 'spendable', id, account, session, accessToken };
  }

  spend(refreshToken: string): void {
    const entry = this.#refresh.get(refreshToken);
    if (entry !== undefined) entry.state = 'spent';
  }

  accountOf(accessToken: string): string | undefined {
    const entry = this.#access.get(accessToken);
    return entry !== undefined && entry.expiresAt > this.#now() ? entry.account : undefined;
  }

  /** How long an access token is still good for; 0 for one that is dead or was never issued. */
  lifeLeftMs(accessToken: string): number {
    return Math.max(0, (this.#access.get(accessToken)?.expiresAt ?? 0) - this.#now());
  }

  /** Id of the refresh token issued last to an account, whatever its state. */
  newestRefreshId(account: string): string | undefined {
    let newest: string | undefined;
    for (const entry of this.#refresh.values()) if (entry.account === account) newest = entry.id;
    return newest;
  }

  /** The id under which the ledger knows a refresh token. */
  refreshIdOf(refreshToken: string): string | undefined {
    return this.#refresh.get(refreshToken)?.id;
  }

  /** Ends the access tokens issued so far; refresh tokens stay valid. */
  endAccessTokens(): void {
    for (const entry of this.#access.values()) entry.expiresAt = Number.NEGATIVE_INFINITY;
  }

  /** Ends all tokens issued so far, to one account or to all. */
  endSessions(account?: string): void {
    this.#end((entry) => account === undefined || entry.account === account);
  }

  /** Ends the tokens of one session. */
  endSession(session: string): void {
    this.#end((entry) => entry.session === session);
  }

  /** The session of an access token or a refresh token. */
  sessionOf(token: string): string | undefined {
    return (this.#refresh.get(token) ?? this.#access.get(token))?.session;
  }

  #end(fits: (entry: { readonly account: string; readonly session: string }) => boolean): void {
    for (const entry of this.#access.values()) if (fits(entry)) entry.expiresAt = Number.NEGATIVE_INFINITY;
    for (const entry of this.#refresh.values())
      if (entry.state === 'live' && fits(entry)) entry.state = 'revoked';
  }

  clear(): void {
    this.#access.clear();
    this.#refresh.clear();
    this.#issued = 0;
  }
}
