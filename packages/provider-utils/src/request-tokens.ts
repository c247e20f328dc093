import type { ExchangeContext } from '@auth/core';

/** An answer of a token endpoint, its body parsed where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined where the body is not JSON. */
  readonly body: unknown;
}

/** One call of a token endpoint. */
export interface TokenRequest<Result> {
  /** The provider's name, for errors. */
  readonly provider: string;
  readonly phase: 'login' | 'refresh';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: URLSearchParams | FormData;
  /** Takes tokens out of a success; throws `invalid_response` where there are none. */
  parse(answer: Answer): Result;
  /**
   * Whether the server, in its own JSON, refuses the credentials or the refresh token. Not asked for a 401, which is
   * a refusal unless its body is an HTML page.
   */
  isRefused(answer: Answer): boolean;
  /** Words of the server that may appear in errors as `serverCode`. */
  readonly serverCodes?: readonly string[];
}

/**
 * Posts to a token endpoint and makes tokens or an `AuthError` of whatever comes back. It never retries, refuses
 * redirects, and reads at most 1 MiB.
 *
 * @throws AuthError `invalid_credentials` (login) or `refresh_refused` (refresh), `rate_limited` with the server's
 * `retryAfterMs`, `server_unavailable`, `network`, or `invalid_response`; each with its `delivery`
 */
export async function requestTokens<Result>(
  request: TokenRequest<Result>,
  context: ExchangeContext,
): Promise<Result> {
  const { callTokenEndpoint } = await import('./token-endpoint.js');
  return callTokenEndpoint(request, context);
}

/** Starts loading what {@link requestTokens} needs, and the provider's own wire module. */
export function preload(wire: () => Promise<unknown>): void {
  // A module that cannot be loaded fails the exchange, which says so.
  for (const loading of [import('./token-endpoint.js'), wire()]) loading.catch(() => {});
}
