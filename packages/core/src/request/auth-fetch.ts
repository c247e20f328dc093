import type { AuthSession } from '../auth-session.js';
import type { SessionContext } from '../context.js';
import { loadExchangeHalf } from '../load-exchange-half.js';
import type { TokenSet } from '../tokens.js';
import { Outgoing } from './outgoing.js';

type Input = string | URL | Request;

/** What a session's `fetch` needs of it. */
export interface FetchSession extends Pick<AuthSession, 'attach' | 'tokenRejected'> {
  /** The set in hand, where it is fresh. */
  freshTokens(): TokenSet | undefined;
}

/** The session's `fetch`: attach, send, and where the API refuses the token, replay once with another. */
export class AuthFetch {
  readonly #session: FetchSession;
  readonly #context: SessionContext;
  /**
   * On a redirect to another origin the platform drops Authorization (Fetch standard, HTTP-redirect fetch, 13), and only
   * that: where more is written, this class follows redirects.
   */
  readonly #followsRedirects: boolean;
  /** An origin that may see the token: the last one that was checked. */
  #checkedOrigin: string | undefined;
  #bearer: { readonly tokens: TokenSet; readonly value: string } | undefined;

  constructor(session: FetchSession, context: SessionContext) {
    this.#session = session;
    this.#context = context;
    const writesMore = context.provider.tokenHeaders?.some((name) => name.toLowerCase() !== 'authorization');
    this.#followsRedirects = writesMore === true || redirectsCarryAuthorization();
  }

  fetch(input: Input, init?: RequestInit): Promise<Response> {
    const isPlain = this.#context.provider.authorize === undefined && !this.#followsRedirects;
    const tokens = isPlain && this.#isChecked(input) ? this.#session.freshTokens() : undefined;
    const headers = tokens && withAuthorization(init?.headers, this.#authorizationOf(tokens));
    return headers === undefined
      ? this.#send(input, init)
      : this.#sendAtOnce(input, init, tokens as TokenSet, { ...init, headers });
  }

  /** The way of nearly every request: a fresh token, an origin checked before, headers in a plain object. */
  async #sendAtOnce(
    input: Input,
    init: RequestInit | undefined,
    tokens: TokenSet,
    complete: RequestInit,
  ): Promise<Response> {
    const response = await this.#context.fetch(input, complete);
    if (response.ok) return response;
    const headers = new Headers(complete.headers);
    const outgoing = new Outgoing(input, init);
    return this.#settle(
      response,
      tokens,
      outgoing,
      new URL(input as string),
      headers,
      init?.signal ?? undefined,
    );
  }

  async #send(input: Input, init: RequestInit | undefined): Promise<Response> {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? (input as string | URL), globalThis.location?.href);
    const signal = (init?.signal === undefined ? request?.signal : init.signal) ?? undefined;
    const headers = new Headers(init?.headers ?? request?.headers);
    const attached = this.#session.attach(url, headers, signal && { signal });
    const tokens = attached instanceof Promise ? await attached : attached;
    this.#checkedOrigin = url.origin;
    const outgoing = new Outgoing(input, init);
    try {
      const response = await this.#sendOut(outgoing, url, headers);
      return response.ok ? response : await this.#settle(response, tokens, outgoing, url, headers, signal);
    } finally {
      outgoing.discard();
    }
  }

  /** Asks the session about an answer that may be a refusal, and sends the request again where it has another set. */
  async #settle(
    response: Response,
    tokens: TokenSet,
    outgoing: Outgoing,
    url: URL,
    headers: Headers,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    // Where we followed redirects ourselves, the token went along all the way.
    if (!this.#followsRedirects && !isFrom(url, response)) return response;
    const dropBody = (): void => void response.body?.cancel().catch(() => {});
    const next = await this.#session
      .tokenRejected(tokens, response, signal && { signal })
      .catch((error: unknown) => {
        dropBody();
        throw error;
      });
    if (next === undefined || !outgoing.isReplayable) return response;
    dropBody();
    this.#context.authorize(headers, next);
    return this.#sendOut(outgoing, url, headers);
  }

  async #sendOut(outgoing: Outgoing, url: URL, headers: Headers): Promise<Response> {
    const context = this.#context;
    if (!this.#followsRedirects || outgoing.redirect !== 'follow')
      return outgoing.send(context.fetch, headers);
    const response = await outgoing.send(context.fetch, headers, { redirect: 'manual' });
    const isRedirect =
      response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400);
    if (!isRedirect) return response;
    const { followRedirects } = await loadExchangeHalf(context);
    return followRedirects(context, outgoing, url, headers, response);
  }

  /** Whether a URL as a text leads to the origin checked last: what follows that, up to its end, is in the path. */
  #isChecked(input: Input): boolean {
    const origin = this.#checkedOrigin;
    if (typeof input !== 'string' || origin === undefined || !input.startsWith(origin)) return false;
    const next = input[origin.length];
    return next === '/' || next === '?' || next === '#' || next === undefined;
  }

  #authorizationOf(tokens: TokenSet): string {
    if (this.#bearer?.tokens !== tokens) this.#bearer = { tokens, value: `Bearer ${tokens.accessToken}` };
    return this.#bearer.value;
  }
}

/** Workers with a compatibility date before September 2025 redirect with all headers, and do not say which they are. */
function redirectsCarryAuthorization(): boolean {
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
