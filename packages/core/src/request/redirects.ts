import type { SessionContext } from '../context.js';
import * as limits from '../limits.js';
import type { TokenSet } from '../tokens.js';
import { dropBody } from './drop-body.js';
import type { Outgoing } from './outgoing.js';

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Follows redirects (Fetch standard, HTTP-redirect fetch), within the allowed origins, for a request whose token stands
 * in headers that the platform would carry to any origin.
 *
 * @param first the answer to the request itself
 * @throws AuthError `origin_not_allowed` for a redirect beyond the allowed origins, and in browsers, which hide the
 * target of a redirect; `insecure_url` for a redirect to plain http
 */
export async function followRedirects(
  context: SessionContext,
  outgoing: Outgoing,
  start: URL,
  headers: Headers,
  tokens: TokenSet,
  first: Response,
): Promise<Response> {
  let url = start;
  let response = first;
  let method = outgoing.method;
  for (let hops = 0; isRedirect(context, response); hops++) {
    const location = response.headers.get('location');
    if (location === null) break;
    void dropBody(response);
    if (hops === limits.redirects) throw new TypeError('too many redirects');
    url = new URL(asUtf8(location), url);
    // The platform's error about such a URL quotes it.
    if (url.username !== '' || url.password !== '') throw new TypeError('a redirect to a URL with userinfo');
    context.assertAllowed(url, tokens);
    // Fetch standard, HTTP-redirect fetch, 11.
    if (response.status !== 303 && !outgoing.isReplayable)
      throw new TypeError('a streamed body cannot follow a redirect');
    if (turnsIntoGet(response.status, method)) method = 'GET';
    if (method !== outgoing.method) {
      response = await context.fetch(url, withoutBody(outgoing, headers));
    } else {
      response = await outgoing.sendTo(url, context.fetch, headers, { redirect: 'manual' });
    }
  }
  // The answer to a request of our own does not know that it came by a redirect.
  return url === start ? response : Object.defineProperty(response, 'redirected', { value: true });
}

/** A header's bytes come as one character each; servers write paths in UTF-8 into Location. */
function asUtf8(location: string): string {
  return new TextDecoder().decode(Uint8Array.from(location, (character) => character.charCodeAt(0)));
}

function isRedirect(context: SessionContext, response: Response): boolean {
  if (response.type === 'opaqueredirect') {
    const detail = 'a redirect that this platform does not let us check';
    throw context.error('origin_not_allowed', { detail });
  }
  return redirectStatuses.has(response.status);
}

/** Fetch standard, HTTP-redirect fetch, 12. */
function turnsIntoGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD';
  return status < 303 && method === 'POST';
}

/** The init of the GET that a redirect makes of another method. */
function withoutBody({ init, input }: Outgoing, headers: Headers): RequestInit {
  const kept = new Headers(headers);
  for (const name of [
    'content-encoding',
    'content-language',
    'content-location',
    'content-type',
    'content-length',
  ]) {
    kept.delete(name);
  }
  const own =
    input instanceof Request
      ? { signal: input.signal, credentials: input.credentials, cache: input.cache }
      : {};
  const { body: _, ...rest } = { ...own, ...init };
  return { ...rest, method: 'GET', headers: kept, redirect: 'manual' };
}
