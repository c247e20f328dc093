/** An issued token pair. */
export interface Grant {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Id of the refresh token in the ledger. */
  readonly refreshId: string;
}

interface AccessEntry {
  readonly account: string;
  expiresAt: number;
}

interface RefreshEntry {
  readonly id: string;
  readonly account: string;
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
      readonly accessToken: string;
    }
  | { readonly state: 'spent' | 'expired' | 'revoked'; readonly id: string; readonly account: string }
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
    accessToken: string;
    refreshToken: string;
    accessMs: number;
    refreshMs: number;
  }): Grant {
    const { account, accessToken, refreshToken, accessMs, refreshMs } = grant;
    const now = this.#now();
    const id = `rt-${++this.#issued}`;
    this.#access.set(accessToken, { account, expiresAt: now + accessMs });
    const expiresAt = refreshMs === 0 ? Number.POSITIVE_INFINITY : now + refreshMs;
    this.#refresh.set(refreshToken, { id, account, accessToken, expiresAt, state: 'live' });
    return { accessToken, refreshToken, refreshId: id };
  }

  /** The state of a refresh token, which is not spent by this. */
  present(refreshToken: string | undefined): Presented {
    const entry = refreshToken === undefined ? undefined : this.#refresh.get(refreshToken);
    if (entry === undefined) return { state: 'unknown' };
    const { id, account, accessToken, state, expiresAt } = entry;
    if (state !== 'live') return { state, id, account };
    if (expiresAt <= this.#now()) return { state: 'expired', id, account };
    if (this.#rotation === 'newest_only' && this.newestRefreshId(account) !== id)
      return { state: 'spent', id, account };
    return { state: 'spendable', id, account, accessToken };
  }

  spend(refreshToken: string): void {
    const entry = this.#refresh.get(refreshToken);
    if (entry !== undefined) entry.state = 'spent';
  }

  accountOf(accessToken: string): string | undefined {
    const entry = this.#access.get(accessToken);
    return entry !== undefined && entry.expiresAt > this.#now() ? entry.account : undefined;
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
    for (const entry of this.#access.values()) {
      if (account === undefined || entry.account === account) entry.expiresAt = Number.NEGATIVE_INFINITY;
    }
    for (const entry of this.#refresh.values()) {
      if (entry.state === 'live' && (account === undefined || entry.account === account))
        entry.state = 'revoked';
    }
  }

  clear(): void {
    this.#access.clear();
    this.#refresh.clear();
    this.#issued = 0;
  }
}
