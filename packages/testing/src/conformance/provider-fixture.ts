import { type AuthProvider, type AuthSession, createAuthSession, type FetchLike } from '@auth/core';

/** A provider and the server it talks to. */
export interface ProviderFixture<Extra = Record<string, unknown>> {
  /** A provider with credentials that the server accepts. */
  readonly provider: AuthProvider<Extra>;
  /** The same provider with a password that the server refuses. */
  readonly refused: AuthProvider<Extra>;
  /** Reaches the server. */
  readonly fetch: FetchLike;
  /** Further origins to which the provider sends its calls, beside that of its issuer. Default: none. */
  readonly tokenOrigins?: readonly string[];
  /** Passwords and client secrets of both providers: none may appear in an error or a URL. */
  readonly secrets: readonly string[];
  /**
   * Answers of the API that refuse the token, such as one that `fetch` got from a login page, with its `url` and `redirected`.
   * Default: a bare 401.
   */
  readonly refusals?: readonly Response[];
  /** A URL of the API that takes a living token: it shows that the token goes where the API looks for it. */
  readonly apiUrl?: string;
  /** For how long the server says that a token lives, in milliseconds: it shows that the provider reads that. */
  readonly lifeMs?: number;
}

/** What a provider promises, by name. The extras of its tokens are its own affair. */
export type ProviderPromises = Readonly<Record<string, (fixture: ProviderFixture) => Promise<void>>>;

/** A session without timers, on servers that may be on plain http. */
export function openOn(provider: AuthProvider, fetch: FetchLike, api?: string): AuthSession {
  const servers = [provider.issuer, ...(api === undefined ? [] : [api])];
  const allowInsecureOrigins = servers.map((server) => new URL(server).origin);
  return createAuthSession(provider, { fetch, scheduler: null, allowInsecureOrigins });
}

/** Whether it sends cookies, and this is a browser, where no program may. */
export function writesForbiddenCookies({ tokenHeaders = [] }: AuthProvider): boolean {
  const trial = new Request('https://api.example.com', { headers: { cookie: 'a=1' } });
  return tokenHeaders.some((name) => name.toLowerCase() === 'cookie') && !trial.headers.has('cookie');
}
