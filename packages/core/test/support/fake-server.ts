import { AuthError, type AuthProvider, type IssuedTokens, type TokenSet } from '../../src/index.js';

/** One token call the server saw. */
export interface LedgerEntry {
  readonly endpoint: 'login' | 'refresh' | 'revoke';
  readonly presented?: string | undefined;
  readonly outcome: 'issued' | 'refused' | 'failed' | 'revoked';
}

type Step = (proceed: () => IssuedTokens) => IssuedTokens | Promise<IssuedTokens>;

/** An auth server with single-use refresh tokens, in memory, and the provider that talks to it. */
export class FakeServer {
  readonly ledger: LedgerEntry[] = [];
  readonly #live = new Set<string>();
  readonly #next: { endpoint: string; step: Step }[] = [];
  password = 'correct horse';
  /** The one-time code that it takes, of providers that have codes. */
  code = '111111';
  lifetimeMs: number | undefined = 3_600_000;
  refreshLifetimeMs: number | undefined = 86_400_000;
  issuesRefreshTokens = true;
  #count = 0;

  get logins(): number {
    return this.ledger.filter(({ endpoint }) => endpoint === 'login').length;
  }

  get refreshes(): number {
    return this.ledger.filter(({ endpoint }) => endpoint === 'refresh').length;
  }

  /** What the next call of an endpoint does instead of answering at once. */
  next(endpoint: 'login' | 'refresh', step: Step): void {
    this.#next.push({ endpoint, step });
  }

  /** The next call of this endpoint is answered only once the returned function is called. */
  holdNext(endpoint: 'login' | 'refresh'): () => void {
    const gate = Promise.withResolvers<void>();
    this.next(endpoint, async (proceed) => {
      await gate.promise;
      return proceed();
    });
    return gate.resolve;
  }

  /** Ends every session on the server. */
  revokeAll(): void {
    this.#live.clear();
  }

  /** Honours a refresh token that it did not issue. */
  adopt(refreshToken: string): void {
    this.#live.add(refreshToken);
  }

  provider(
    options: {
      password?: string | (() => string | Promise<string>) | null;
      name?: string;
      account?: string;
      otp?: () => string;
    } = {},
  ): AuthProvider {
    const password = options.password === undefined ? this.password : options.password;
    const { otp } = options;
    const prepared = (text: string) => ({
      secrets: [text],
      oneTimeCode: otp !== undefined,
      login: async () => {
        const code = otp?.();
        return this.#run('login', () => this.#login(text, code));
      },
    });
    return {
      name: options.name ?? 'fake',
      issuer: 'https://auth.example.com',
      account: options.account ?? 'ada',
      allowedOrigins: ['https://api.example.com', 'https://*.wild.example.com'],
      ...(password === null
        ? {}
        : {
            prepareLogin: async () => prepared(typeof password === 'function' ? await password() : password),
          }),
      prepareSignIn: (text) => prepared(text),
      refresh: async (tokens) => this.#run('refresh', () => this.#refresh(tokens.refreshToken as string)),
    };
  }

  #login(password: string, code?: string): IssuedTokens {
    if (password !== this.password || (code !== undefined && code !== this.code)) {
      this.ledger.push({ endpoint: 'login', outcome: 'refused' });
      throw new AuthError('invalid_credentials', {
        provider: 'fake',
        phase: 'login',
        status: 401,
        delivery: 'answered',
      });
    }
    this.ledger.push({ endpoint: 'login', outcome: 'issued' });
    return this.#issue();
  }

  #refresh(presented: string): IssuedTokens {
    if (!this.#live.delete(presented)) {
      this.ledger.push({ endpoint: 'refresh', presented, outcome: 'refused' });
      throw new AuthError('refresh_refused', {
        provider: 'fake',
        phase: 'refresh',
        status: 401,
        delivery: 'answered',
      });
    }
    this.ledger.push({ endpoint: 'refresh', presented, outcome: 'issued' });
    return this.#issue();
  }

  #issue(): IssuedTokens {
    const count = ++this.#count;
    const refreshToken = this.issuesRefreshTokens ? `refresh-${count}` : undefined;
    if (refreshToken !== undefined) this.#live.add(refreshToken);
    return {
      accessToken: `access-${count}`,
      expiresInMs: this.lifetimeMs,
      refreshToken,
      refreshExpiresInMs: this.refreshLifetimeMs,
    };
  }

  async #run(endpoint: string, proceed: () => IssuedTokens): Promise<IssuedTokens> {
    const index = this.#next.findIndex((step) => step.endpoint === endpoint);
    if (index === -1) return proceed();
    const [scripted] = this.#next.splice(index, 1);
    return (scripted as { step: Step }).step(proceed);
  }
}

/** The connection broke after the request was sent. */
export function lostAnswer(): AuthError {
  return new AuthError('network', { provider: 'fake', delivery: 'unknown' });
}

/** The connection broke before the request was sent. */
export function neverSent(): AuthError {
  return new AuthError('network', { provider: 'fake', delivery: 'not_sent' });
}

export function accessTokenOf(set: TokenSet | undefined): string | undefined {
  return set?.accessToken;
}
