import {
  AuthError,
  type AuthPhase,
  type ExchangeContext,
  isAuthError,
  type MaybePromise,
  reasonOf,
  toAuthError,
} from '@auth/core';
import type { TokenCall, TokenRequest } from './token-request.js';

/**
 * Posts to a token endpoint and turns any answer into tokens or an `AuthError`. It never retries, refuses redirects,
 * and reads at most 1 MiB.
 *
 * @throws AuthError `invalid_credentials` (login) or `refresh_refused` (refresh), `client_refused`, `rate_limited` with the server's
 * `retryAfterMs`, `server_unavailable`, `network`, or `invalid_response`; each with its `delivery`
 */
export async function requestTokens<Result>(
  request: TokenRequest<Result>,
  context: ExchangeContext,
): Promise<Result> {
  const { callTokenEndpoint } = await loaded(importWire);
  return callTokenEndpoint(request, context);
}

/** Starts loading the modules that {@link requestTokens} needs, and a provider's own. */
export function preload(loadCalls: () => Promise<unknown>): void {
  // A module that cannot be loaded fails the exchange, which reports it.
  for (const load of [importWire, loadCalls]) loaded(load).catch(() => {});
}

const importWire = () => import('./wire.js');

/** Kept because an import of a loaded module still takes Node a search in its cache. */
const modules = new WeakMap<() => Promise<unknown>, unknown>();

/** What `load` has loaded, now or before. */
export async function loaded<Module>(load: () => Promise<Module>): Promise<Module> {
  const known = modules.get(load) ?? (await load());
  modules.set(load, known);
  return known as Module;
}

/**
 * A call that carries the vendor's name in its errors. What is sent, the vendor's own module describes: the first call
 * loads it.
 *
 * @throws AuthError as {@link requestTokens} does
 */
export async function callVendor<Calls, Result>(
  { name, loadCalls }: { readonly name: string; readonly loadCalls: () => Promise<Calls> },
  phase: TokenRequest<Result>['phase'],
  context: ExchangeContext,
  describe: (calls: Calls) => MaybePromise<TokenCall<Result>>,
): Promise<Result> {
  const call = await describeCall({ provider: name, phase }, async () => describe(await loaded(loadCalls)));
  return requestTokens({ ...call, provider: name, phase }, context);
}

/** What goes wrong before a call is sent has cost nothing. */
export async function describeCall<Call>(
  where: { readonly provider: string; readonly phase: AuthPhase },
  describe: () => Promise<Call>,
): Promise<Call> {
  try {
    return await describe();
  } catch (error) {
    if (isAuthError(error)) throw toAuthError(error, where);
    throw new AuthError('network', { ...where, delivery: 'not_sent', detail: reasonOf(error) });
  }
}
