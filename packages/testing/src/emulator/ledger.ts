/** One call of a token endpoint, as the server saw it. */
export interface LedgerEntry {
  /** The server's clock, epoch milliseconds. */
  readonly at: number;
  readonly endpoint: 'login' | 'refresh' | 'verify' | 'revoke';
  /** The username; undefined where the call named nobody. */
  readonly account?: string | undefined;
  /** TeleTracker's account_id. */
  readonly accountId?: string | undefined;
  /** Id of the refresh token presented, such as `rt-3`; undefined for none, or one this server never issued. */
  readonly presented?: string | undefined;
  /** Id of the refresh token issued. */
  readonly issued?: string | undefined;
  readonly outcome:
    | 'issued'
    | 'verified'
    | 'revoked'
    /** Wrong password, unknown account, dead refresh token. */
    | 'refused'
    /** A refresh token that was already spent. */
    | 'reused'
    /** The account is locked after too many wrong passwords. */
    | 'locked'
    /** The endpoint does not work, as UniPoll's. */
    | 'failed'
    /** The request is not what the endpoint takes. */
    | 'malformed'
    /** An answer that a test asked for, given before the server did anything. */
    | 'scripted';
  /** HTTP status of the answer; 0 where the connection was dropped instead. */
  readonly status: number;
}

/** Every token call a vendor's server saw, and how many API calls it answered. */
export class Ledger {
  readonly #entries: LedgerEntry[] = [];
  #accepted = 0;
  #rejected = 0;

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** Calls of the login endpoint, whatever their outcome. */
  get logins(): number {
    return this.#count('login');
  }

  /** Calls of the refresh endpoint, whatever their outcome. */
  get refreshes(): number {
    return this.#count('refresh');
  }

  /** Calls that only checked a password. */
  get verifications(): number {
    return this.#count('verify');
  }

  /** All calls of token endpoints. */
  get tokenCalls(): number {
    return this.#entries.length;
  }

  /** API calls with a live token. */
  get apiCallsAccepted(): number {
    return this.#accepted;
  }

  /** API calls with a dead or no token. */
  get apiCallsRejected(): number {
    return this.#rejected;
  }

  record(entry: LedgerEntry): void {
    this.#entries.push(entry);
  }

  recordApiCall(accepted: boolean): void {
    if (accepted) this.#accepted++;
    else this.#rejected++;
  }

  clear(): void {
    this.#entries.length = 0;
    this.#accepted = 0;
    this.#rejected = 0;
  }

  toJSON(): object {
    const { entries, logins, refreshes, verifications, tokenCalls, apiCallsAccepted, apiCallsRejected } =
      this;
    return { logins, refreshes, verifications, tokenCalls, apiCallsAccepted, apiCallsRejected, entries };
  }

  #count(endpoint: LedgerEntry['endpoint']): number {
    return this.#entries.filter((entry) => entry.endpoint === endpoint).length;
  }
}
