import type { AuthSession } from '@auth/core';
import type { Dispatcher } from 'undici';
import { AuthorizedRequest } from './authorized-request.js';
import { TokenHeaders } from './token-headers.js';

/**
 * Puts the session's token on every request that goes through the dispatcher. If the API refuses the token, the request
 * is replayed once with a new one. List the interceptor before `interceptors.redirect()`: then each hop is checked by
 * itself, and a hop to an origin that may not see the token goes without it.
 *
 * A request fails with an AuthError: `origin_not_allowed` or `insecure_url` for an origin that may not see the token,
 * or the error that keeps the session from getting a token.
 */
export function authInterceptor(session: AuthSession): Dispatcher.DispatcherComposeInterceptor {
  const tokenHeaders = new TokenHeaders(session);
  const redirected = new WeakSet<Dispatcher.DispatchHandler>();
  return (dispatch) => (options, handler) =>
    new AuthorizedRequest(session, tokenHeaders, redirected, dispatch, options, handler).start();
}
