import type { AuthSession } from './auth-session.js';
import type { SessionContext } from './context.js';
import { Outgoing } from './outgoing.js';
import { sendFollowing } from './redirects.js';
import type { TokenSet } from './tokens.js';

type Input = string | URL | Request;

/** What a session's `fetch` needs of it. */
export interface FetchSession extends Pick<AuthSession, 'attach' | 'tokenRejected'> {
  /** The set in hand, where it is fresh. */
  freshTokens(): TokenSet | undefined;
}

/** The session's `fetch`: attach, send, and where the API refuses the token, replay once with another. */
export function createFetch(session: FetchSession, context: SessionContext): typeof globalThis.fetch {
  const { provider } = context;
  // On a redirect to another origin the platform drops Authorization (Fetch standard, HTTP-redirect fetch, 13), and only that.
  const writesOthers = provider.tokenHeaders?.some((name) => name.toLowerCase() !== 'authorization') ?? false;
  const followsItself = writesOthers || carriesAuthorization();
  const isPlain = provider.authorize === undefined && !followsItself;
  /** An origin that may see the token: the last one that was checked. */
  let checkedOrigin: string | undefined;
  let bearer: { readonly tokens: TokenSet; readonly value: string } | undefined;

  function authFetch(input: Input, init?: RequestInit): Promise<Response> {
    const tokens = isPlain && isChecked(input) ? session.freshTokens() : undefined;
    const headers = tokens && withAuthorization(init?.headers, authorizationOf(tokens));
    return headers === undefined
      ? send(input, init)
      : sendAtOnce(input, init, tokens as TokenSet, { ...init, headers });
  }

  /** The way of nearly every request: a fresh token, an origin checked before, headers in a plain object. */
  async function sendAtOnce(
    input: Input,
    init: RequestInit | undefined,
    tokens: TokenSet,
    complete: RequestInit,
  ): Promise<Response> {
    const response = await context.fetch(input, complete);
    if (response.ok) return response;
    const url = new URL(input as string);
    const headers = new Headers(complete.headers);
    return settle(response, tokens, new Outgoing(input, init), url, headers, init?.signal ?? undefined);
  }

  async function send(input: Input, init: RequestInit | undefined): Promise<Response> {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? (input as string | URL), globalThis.location?.href);
    const signal = (init?.signal === undefined ? request?.signal : init.signal) ?? undefined;
    const headers = new Headers(init?.headers ?? request?.headers);
    const attached = session.attach(url, headers, signal && { signal });
    const tokens = attached instanceof Promise ? await attached : attached;
    checkedOrigin = url.origin;
    const outgoing = new Outgoing(input, init);
    try {
      const response = await sendOut(outgoing, url, headers);
      return response.ok ? response : await settle(response, tokens, outgoing, url, headers, signal);
    } finally {
      outgoing.discard();
    }
  }

  /** Asks the session about an answer that may be a refusal, and sends the request again where it has another set. */
  async function settle(
    response: Response,
    tokens: TokenSet,
    outgoing: Outgoing,
    url: URL,
    headers: Headers,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    // Where we followed redirects ourselves, the token went along all the way.
    if (!followsItself && !isFrom(url, response)) return response;
    const next = await session
      .tokenRejected(tokens, response, signal && { signal })
      .catch((error: unknown) => {
        response.body?.cancel().catch(() => {});
        throw error;
      });
    if (next === undefined || !outgoing.isReplayable) return response;
    response.body?.cancel().catch(() => {});
    context.authorize(headers, next);
    return sendOut(outgoing, url, headers);
  }

  function sendOut(outgoing: Outgoing, url: URL, headers: Headers): Promise<Response> {
    return followsItself
      ? sendFollowing(context, outgoing, url, headers)
      : outgoing.send(context.fetch, headers);
  }

  /** Whether a URL as a text leads to the origin checked last: what follows that, up to its end, is in the path. */
  function isChecked(input: Input): boolean {
    if (typeof input !== 'string' || checkedOrigin === undefined || !input.startsWith(checkedOrigin))
      return false;
    const next = input[checkedOrigin.length];
    return next === '/' || next === '?' || next === '#' || next === undefined;
  }

  function authorizationOf(tokens: TokenSet): string {
    if (bearer?.tokens !== tokens) bearer = { tokens, value: `Bearer ${tokens.accessToken}` };
    return bearer.value;
  }

  return authFetch as typeof globalThis.fetch;
}

/** Workers with a compatibility date before September 2025 redirect with all headers, and do not say which they are. */
function carriesAuthorization(): boolean {
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers';
}

/** The same headers with this authorization. Undefined where they are no plain object, or name one already. */
function withAuthorization(
  given: HeadersInit | undefined,
  authorization: string,
): Record<string, string> | undefined {
  if (given === undefined) return { authorization };
  if (Object.getPrototypeOf(given) !== Object.prototype) return undefined;
  for (const name in given)
    if (name.length === 13 && name.toLowerCase() === 'authorization') return undefined;
  return { ...(given as Record<string, string>), authorization };
}

/** A refusal counts only from the origin that got the token: after a redirect elsewhere, none was sent there. */
function isFrom(url: URL, response: Response): boolean {
  return response.url === '' || new URL(response.url).origin === url.origin;
}
