import type { ExchangeContext } from '@auth/core';
import type { TokenCall, TokenRequest } from './token-request.js';

/**
 * Posts to a token endpoint and turns any answer into tokens or an `AuthError`. It never retries, refuses redirects,
 * and reads at most 1 MiB.
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

/** Starts loading the modules that {@link requestTokens} needs, and the provider's own wire module. */
export function preload(wire: () => Promise<unknown>): void {
  // A module that cannot be loaded fails the exchange, which reports it.
  for (const loading of [import('./token-endpoint.js'), wire()]) loading.catch(() => {});
}

/** A call described in terms of the provider's wire module, which is loaded with the first exchange. */
type Describe<Wire, Result> = (wire: Wire) => TokenCall<Result>;

/** The token endpoints of one provider. */
export interface TokenServer<Wire> {
  preload(): void;
  /** @throws AuthError as {@link requestTokens} does, with `phase: 'login'` */
  login<Result>(context: ExchangeContext, describe: Describe<Wire, Result>): Promise<Result>;
  /** @throws AuthError as {@link requestTokens} does, with `phase: 'refresh'` */
  refresh<Result>(context: ExchangeContext, describe: Describe<Wire, Result>): Promise<Result>;
}

/**
 * The token calls of one provider, which share its name in errors and its wire module. The first call loads the
 * module.
 */
export function tokenServer<Wire>(provider: string, loadWire: () => Promise<Wire>): TokenServer<Wire> {
  const call =
    (phase: TokenRequest<unknown>['phase']): TokenServer<Wire>['login'] =>
    async (context, describe) =>
      requestTokens({ ...describe(await loadWire()), provider, phase }, context);
  return { preload: () => preload(loadWire), login: call('login'), refresh: call('refresh') };
}
