import type { AuthSession } from '@auth/core';
import type { Dispatcher } from 'undici';
import { AuthorizedRequest } from './authorized-request.js';
import { TokenHeaders } from './token-headers.js';

/**
 * Puts the session's token on every request that goes through the dispatcher, and, where the API refuses it, replays
 * the request once with another. List it before `interceptors.redirect()`: then each hop is checked by itself, and
 * one to an origin that may not see the token goes without.
 *
 * A request fails with an AuthError: `origin_not_allowed` or `insecure_url` for an origin that may not see the token,
 * and whatever keeps the session from having one.
 */
export function authInterceptor(session: AuthSession): Dispatcher.DispatcherComposeInterceptor {
  const tokenHeaders = new TokenHeaders(session);
  const redirected = new WeakSet<Dispatcher.DispatchHandler>();
  return (dispatch) => (options, handler) =>
    new AuthorizedRequest(session, tokenHeaders, redirected, dispatch, options, handler).start();
}
