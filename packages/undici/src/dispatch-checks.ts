import { AuthError } from '@auth/core';
import type { Dispatcher } from 'undici';

/**
 * The origin that a dispatcher sends to, whatever a request names; undefined for one that sends to the origin that the
 * request names, and null for one that does not tell, such as a BalancedPool.
 */
export type BoundOrigin = string | null | undefined;

/** @throws AuthError `origin_not_allowed` where a request would go elsewhere than it says */
export function assertBound(origin: string | URL | undefined, bound: BoundOrigin): void {
  if (bound === undefined || (bound !== null && origin && new URL(origin).origin === bound)) return;
  const detail =
    bound === null
      ? 'this dispatcher does not tell where a request goes: give the interceptor to its pools, by its factory'
      : `the request names another origin than '${bound}', to which its dispatcher sends it`;
  throw new AuthError('origin_not_allowed', { detail });
}

/**
 * A cache outside of the interceptor does not see the token, and would hand one identity what another one got.
 *
 * @throws AuthError `invalid_options`
 */
export function assertNoCacheOutside(handler: Dispatcher.DispatchHandler): void {
  let outer: unknown = handler;
  for (let depth = 0; depth < 8 && typeof outer === 'object' && outer !== null; depth++) {
    if (sharing.has(outer.constructor?.name)) {
      const detail = 'list interceptors.cache() and interceptors.deduplicate() before authInterceptor()';
      throw new AuthError('invalid_options', { detail });
    }
    outer = (outer as { readonly handler?: unknown }).handler;
  }
}

const sharing: ReadonlySet<string | undefined> = new Set([
  'CacheHandler',
  'CacheRevalidationHandler',
  'DeduplicationHandler',
]);
