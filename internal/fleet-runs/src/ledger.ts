/** What a token call came to. */
type Outcome = 'login' | 'rotation' | 'reuse' | 'unknown';

interface AccountEntry {
  /** The refresh token that is good, and when the access token beside it was issued and ends. */
  refreshToken: string;
  issuedAt: number;
  endsAt: number;
  logins: number;
  /** Time without a living token, since the counting began. */
  withoutMs: number;
  /** Renewals that came in the first half of a token's life. */
  early: number;
}

/** What the server has seen since the counting began. */
export interface LedgerReport {
  /** Accounts that have ever had a token. */
  readonly accounts: number;
  readonly logins: number;
  /** Accounts that logged in. */
  readonly loggedIn: readonly string[];
  readonly rotations: number;
  /** Spent refresh tokens that were presented again. */
  readonly reuse: number;
  /** Refresh tokens that the server never issued. */
  readonly unknown: number;
  readonly early: number;
  /** Answers whose caller was gone, or may have been gone before it kept them. */
  readonly unheard: number;
  /** Token calls by who sent them. */
  readonly bySender: Readonly<Record<string, number>>;
  /** The most token calls in one second of the clock. */
  readonly mostInASecond: number;
  /** Each account's time without a living token, milliseconds. */
  readonly withoutMs: Readonly<Record<string, number>>;
}

/** A server's book of accounts, tokens and calls. Refresh tokens are good for one use. */
export class Ledger {
  readonly #lifeMs: number;
  readonly #accounts = new Map<string, AccountEntry>();
  /** Whose refresh token it is: those that were spent too. */
  readonly #owners = new Map<string, string>();
  readonly #counts: Record<Outcome, number> = { login: 0, rotation: 0, reuse: 0, unknown: 0 };
  readonly #bySender: Record<string, number> = {};
  readonly #callsBySecond = new Map<number, number>();
  #unheard = 0;
  #begunAt = 0;

  constructor(lifeMs: number) {
    this.#lifeMs = lifeMs;
  }

  /** From now on the counts are those of a fleet at work. */
  begin(now: number): void {
    this.#begunAt = now;
    for (const entry of this.#accounts.values()) Object.assign(entry, { logins: 0, withoutMs: 0, early: 0 });
    for (const outcome of Object.keys(this.#counts) as Outcome[]) this.#counts[outcome] = 0;
    for (const sender of Object.keys(this.#bySender)) this.#bySender[sender] = 0;
    this.#callsBySecond.clear();
    this.#unheard = 0;
  }

  /** Accounts that have ever had a token. */
  get accounts(): number {
    return this.#accounts.size;
  }

  get rotations(): number {
    return this.#counts.rotation;
  }

  login(username: string, sender: string, now: number): string {
    this.#called('login', sender, now);
    const standing = this.#accounts.get(username);
    const entry = standing ?? {
      refreshToken: '',
      issuedAt: now,
      endsAt: now,
      logins: 0,
      withoutMs: 0,
      early: 0,
    };
    this.#accounts.set(username, entry);
    entry.logins++;
    return this.#issue(username, entry, now);
  }

  /** Undefined: the token is refused. */
  refresh(refreshToken: string, sender: string, now: number): string | undefined {
    const username = this.#owners.get(refreshToken);
    const entry = this.#accounts.get(username ?? '');
    if (username === undefined || entry === undefined) return void this.#called('unknown', sender, now);
    if (entry.refreshToken !== refreshToken) {
      // As Keycloak does it where refresh tokens are for one use: nobody can go on with the session.
      entry.refreshToken = '';
      return void this.#called('reuse', sender, now);
    }
    this.#called('rotation', sender, now);
    if (now < entry.issuedAt + this.#lifeMs / 2) entry.early++;
    return this.#issue(username, entry, now);
  }

  unheard(): void {
    this.#unheard++;
  }

  report(now: number): LedgerReport {
    const entries = [...this.#accounts.values()];
    const withoutMs = Object.fromEntries(
      [...this.#accounts].map(([name, entry]) => [name, entry.withoutMs + this.#gapMs(entry, now)]),
    );
    return {
      accounts: entries.length,
      logins: this.#counts.login,
      loggedIn: [...this.#accounts].flatMap(([name, { logins }]) => (logins > 0 ? [name] : [])),
      rotations: this.#counts.rotation,
      reuse: this.#counts.reuse,
      unknown: this.#counts.unknown,
      early: entries.reduce((sum, { early }) => sum + early, 0),
      unheard: this.#unheard,
      bySender: this.#bySender,
      mostInASecond: Math.max(0, ...this.#callsBySecond.values()),
      withoutMs,
    };
  }

  #issue(username: string, entry: AccountEntry, now: number): string {
    entry.withoutMs += this.#gapMs(entry, now);
    entry.issuedAt = now;
    entry.endsAt = now + this.#lifeMs;
    entry.refreshToken = crypto.randomUUID();
    this.#owners.set(entry.refreshToken, username);
    return entry.refreshToken;
  }

  #gapMs({ endsAt }: AccountEntry, now: number): number {
    return Math.max(0, now - Math.max(endsAt, this.#begunAt));
  }

  #called(outcome: Outcome, sender: string, now: number): void {
    this.#counts[outcome]++;
    this.#bySender[sender] = (this.#bySender[sender] ?? 0) + 1;
    const second = Math.floor(now / 1_000);
    this.#callsBySecond.set(second, (this.#callsBySecond.get(second) ?? 0) + 1);
  }
}
