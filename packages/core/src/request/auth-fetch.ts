import type { ApiAnswer, AuthSession } from '../auth-session.js';
import type { SessionContext } from '../context.js';
import { loadExchangeHalf } from '../load-exchange-half.js';
import type { MaybePromise } from '../maybe-promise.js';
import type { TokenSet } from '../tokens.js';
import { argumentsAtCall } from './arguments-at-call.js';
import { dropBody } from './drop-body.js';
import { Outgoing } from './outgoing.js';

type Input = string | URL | Request;

/** A request under way. */
interface SentRequest {
  readonly outgoing: Outgoing;
  readonly url: URL;
  readonly headers: Headers;
}

/** What a session's `fetch` needs of the session. */
export interface FetchSession extends Pick<AuthSession, 'attach'> {
  /** The set in hand, if it is fresh. */
  freshTokens(): TokenSet | undefined;
  /** What {@link AuthSession.tokenRejected} does. Undefined at once if the answer stands. */
  afterAnswer(
    sent: TokenSet,
    answer: ApiAnswer,
    signal: AbortSignal | undefined,
  ): Promise<TokenSet | undefined> | undefined;
}

/** The session's `fetch`: attaches the token, sends, and replays once with another token if the API refuses it. */
export class AuthFetch {
  readonly #session: FetchSession;
  readonly #context: SessionContext;
  /**
   * On a redirect to another origin the platform drops Authorization (Fetch standard, HTTP-redirect fetch, 13), and no
   * other header. This class follows redirects itself if the provider writes other headers, or the platform drops none.
   * Known from the first request on: a provider that does not name its headers is asked what it writes.
   */
  #followsRedirects: boolean | undefined;
  /** The provider has no rules of its own about requests and their bodies, and the platform follows redirects. */
  readonly #isPlain: boolean;
  /** The origin that was checked last: it may see the token. */
  #checkedOrigin: string | undefined;
  #bearer: { readonly tokens: TokenSet; readonly value: string } | undefined;

  constructor(session: FetchSession, context: SessionContext) {
    this.#session = session;
    this.#context = context;
    const { authorize, originsOf, isBodyRejected } = context.provider;
    const isDefault = [authorize, originsOf, isBodyRejected].every((rule) => rule === undefined);
    this.#isPlain = isDefault && !redirectsCarryAuthorization();
  }

  /** Like the platform's fetch it rejects and never throws, even where an accessor of the caller's does. */
  fetch(input: Input, given: RequestInit = {}): Promise<Response> {
    try {
      // Anything but a plain object may have accessors, and members that it inherits.
      if (!this.#isPlain || !this.#isChecked(input) || !isPlainObject(given)) return this.#send(input, given);
      const init = { ...given };
      const isSimple = typeof init.body === 'string' || init.body === undefined || init.body === null;
      const tokens = isSimple ? this.#session.freshTokens() : undefined;
      const headers = tokens && withAuthorization(init.headers, this.#authorizationOf(tokens));
      if (headers === undefined) return this.#send(input, init);
      init.headers = headers;
      return this.#sendAtOnce(input as string, tokens as TokenSet, init);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The fast path of nearly every request: a fresh token, an origin checked before, and an init of plain values. */
  async #sendAtOnce(url: string, tokens: TokenSet, init: RequestInit): Promise<Response> {
    const response = await this.#context.fetch(url, init);
    if (response.ok && !response.redirected) return response;
    const headers = new Headers(init.headers);
    const request = { outgoing: new Outgoing(url, init), url: new URL(url), headers };
    return this.#settle(response, tokens, request, init.signal ?? undefined);
  }

  async #send(input: Input, init: RequestInit): Promise<Response> {
    const taken = argumentsAtCall(input, init);
    const { url, headers, signal } = taken;
    const attached = this.#session.attach(url, headers, signal && { signal });
    const tokens = attached instanceof Promise ? await attached : attached;
    this.#checkedOrigin = url.origin;
    this.#followsRedirects ??= redirectsCarryAuthorization() || this.#context.writesOtherHeaders(tokens);
    const request = { outgoing: new Outgoing(taken.input, taken.init), url, headers };
    try {
      const response = await this.#sendOut(request, tokens);
      return await this.#settle(response, tokens, request, signal);
    } finally {
      request.outgoing.discard();
    }
  }

  /** Asks the session about an answer that may be a refusal, and replays the request if the session has another set. */
  async #settle(
    response: Response,
    tokens: TokenSet,
    request: SentRequest,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const { outgoing, url, headers } = request;
    const bodyRejected = await this.#isBodyRejected(response, outgoing);
    if (response.ok && !response.redirected && !bodyRejected) return response;
    const next = this.#afterAnswer(response, bodyRejected, tokens, url, signal);
    if (next === undefined) return response;
    if (!outgoing.isReplayable) {
      // The exchange helps the next call. Where no work outlives a call, this call waits for it.
      const exchanged = next.catch(() => {});
      if (!this.#context.mayOutliveCalls) await exchanged;
      return response;
    }
    // The caller gets a replay or an error: do not hold a connection that the exchange may need.
    void dropBody(response);
    const replacement = (await next) as TokenSet;
    this.#context.authorize(url, headers, replacement);
    const answer = await this.#sendOut(request, replacement);
    const isRefusedAgain = await this.#isBodyRejected(answer, outgoing);
    await this.#afterAnswer(answer, isRefusedAgain, replacement, url, undefined);
    return answer;
  }

  #afterAnswer(
    response: Response,
    bodyRejected: boolean,
    sent: TokenSet,
    url: URL,
    signal: AbortSignal | undefined,
  ): Promise<TokenSet | undefined> | undefined {
    // After a redirect to another origin the platform sent no token there, unless we followed it with the token.
    const isForeign = this.#followsRedirects !== true && !isFrom(url, response);
    if (isForeign && !response.ok) return undefined;
    const { status, headers, redirected } = response;
    const answer = { status, headers, url: response.url || url.href, redirected, bodyRejected };
    return this.#session.afterAnswer(sent, answer, signal);
  }

  /** What the provider's rule says of the body. The answer stays unread. */
  #isBodyRejected(response: Response, { method }: Outgoing): MaybePromise<boolean> {
    const { isBodyRejected: rule } = this.#context.provider;
    if (rule === undefined || method === 'HEAD') return false;
    return loadExchangeHalf(this.#context).then(
      ({ refusesToken }) => refusesToken(this.#context.clock, rule, response),
      () => false,
    );
  }

  async #sendOut({ outgoing, url, headers }: SentRequest, tokens: TokenSet): Promise<Response> {
    const context = this.#context;
    if (this.#followsRedirects !== true || outgoing.redirect !== 'follow')
      return outgoing.send(context.fetch, headers);
    const response = await outgoing.send(context.fetch, headers, { redirect: 'manual' });
    const isRedirect =
      response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400);
    if (!isRedirect) return response;
    const { followRedirects } = await loadExchangeHalf(context);
    return followRedirects(context, outgoing, url, headers, tokens, response);
  }

  /** Whether a URL string has the origin checked last, with nothing after it that could still belong to the host. */
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

/** True in Workers: before compatibility date September 2025 they keep all headers, and we cannot read the date. */
function redirectsCarryAuthorization(): boolean {
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers';
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The given headers with this authorization. Undefined if they are not a plain object, or have an authorization. */
function withAuthorization(
  given: HeadersInit | undefined,
  authorization: string,
): Record<string, string> | undefined {
  if (given === undefined) return { authorization };
  if (!isPlainObject(given)) return undefined;
  for (const name in given)
    if (name.length === 13 && name.toLowerCase() === 'authorization') return undefined;
  return { ...(given as Record<string, string>), authorization };
}

/** Whether the response is from the origin that got the token: after a redirect elsewhere, no token was sent there. */
function isFrom(url: URL, response: Response): boolean {
  return response.url === '' || new URL(response.url).origin === url.origin;
}
