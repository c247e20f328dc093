import { AuthError, type AuthSession } from '@auth/core';
import type { Dispatcher } from 'undici';
import { AuthorizedRequest } from './authorized-request.js';
import type { BoundOrigin } from './dispatch-checks.js';
import { TokenHeaders } from './token-headers.js';

/**
 * Puts the session's token on every request that goes through the dispatcher. If the API refuses the token, the request
 * is replayed once with a new one. List the interceptor before `interceptors.redirect()`: then each hop is checked by
 * itself, and a hop to an origin that may not see the token goes without it. List it after `interceptors.cache()` and
 * `interceptors.deduplicate()`, which must see the token.
 *
 * A request fails with an AuthError: `origin_not_allowed` or `insecure_url` for an origin that may not see the token, or
 * for a dispatcher that sends the request elsewhere than it says; `invalid_options` for a cache outside of the
 * interceptor; or the error that keeps the session from getting a token.
 */
export function authInterceptor(session: AuthSession): Dispatcher.DispatcherComposeInterceptor {
  if (typeof session?.attach !== 'function')
    throw new AuthError('invalid_options', { detail: 'session: expected an AuthSession' });
  const tokenHeaders = new TokenHeaders(session);
  const redirected = new WeakSet<Dispatcher.DispatchHandler>();
  return (dispatch: Dispatcher.Dispatch, boundOrigin?: BoundOrigin) => (options, handler) => {
    // Undici itself refuses these, by throwing.
    if (!isObject(options) || !isObject(handler)) return dispatch(options, handler);
    const authorized = new AuthorizedRequest(session, tokenHeaders, redirected, dispatch, options, handler);
    return authorized.start(boundOrigin);
  };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
