import { type AuthSession, isAuthError, type TokenSet } from '@auth/core';
import type { Dispatcher } from 'undici';
import { bodyAtDispatch, hasEnded, isReplayable, queryAtDispatch } from './body-at-dispatch.js';
import { assertBound, assertNoCacheOutside, type BoundOrigin } from './dispatch-checks.js';
import { DroppedAnswer } from './dropped-answer.js';
import { type Attached, type TokenHeaders, withHeaders } from './token-headers.js';

type Controller = Dispatcher.DispatchController;
type AnswerHeaders = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/** A request that fails before it is dispatched has no controller. */
const noController = null as unknown as Controller;

/** One request with the session's token, and its replay if the API refuses the token. */
export class AuthorizedRequest implements Dispatcher.DispatchHandler {
  readonly #session: AuthSession;
  readonly #tokenHeaders: TokenHeaders;
  /** Handlers that were given a redirect: their next dispatch is the next hop. */
  readonly #redirected: WeakSet<Dispatcher.DispatchHandler>;
  readonly #dispatch: Dispatcher.Dispatch;
  /** As they stood when the request was dispatched. */
  #options: Dispatcher.DispatchOptions;
  readonly #handler: Dispatcher.DispatchHandler;
  /** The token set of the first attempt; undefined before it is sent, and after the request failed. */
  #sent: TokenSet | undefined;
  /** The set of the replay; undefined before it. */
  #replacement: TokenSet | undefined;
  /** Events of a refusal, held back while the session decides about it. */
  #held: (() => void)[] | undefined;
  /** The refusal that a replay follows. */
  #dropped: DroppedAnswer | undefined;
  /** As undici gave it: handlers such as that of `interceptors.dump()` put another in its place. */
  #abort: Controller['abort'] = () => {};
  #hasEnded = false;
  /** Nothing of the body has been sent yet: a stream may have been empty. */
  #hasSentBody = false;
  #isRequestSent = false;

  constructor(
    session: AuthSession,
    tokenHeaders: TokenHeaders,
    redirected: WeakSet<Dispatcher.DispatchHandler>,
    dispatch: Dispatcher.Dispatch,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ) {
    this.#session = session;
    this.#tokenHeaders = tokenHeaders;
    this.#redirected = redirected;
    this.#dispatch = dispatch;
    const { origin, body, query } = options;
    this.#options = { ...options, body: bodyAtDispatch(body) ?? null };
    if (typeof origin === 'object') this.#options.origin = new URL(origin);
    if (typeof query === 'object' && query !== null) this.#options.query = queryAtDispatch(query);
    this.#handler = handler;
  }

  /** Returns what a dispatch returns: whether more requests may be dispatched at once. */
  start(boundOrigin?: BoundOrigin): boolean {
    let attached: ReturnType<TokenHeaders['attach']>;
    try {
      assertNoCacheOutside(this.#handler);
      assertBound(this.#options.origin, boundOrigin);
      attached = this.#tokenHeaders.attach(this.#options.origin as string | URL, this.#signal);
    } catch (error) {
      // A redirect to a foreign origin goes without the token, as with the platform's fetch.
      if (this.#redirected.has(this.#handler) && isForbidden(error)) {
        return this.#dispatch(this.#options, this.#handler);
      }
      return this.#fail(error);
    }
    if (!(attached instanceof Promise)) return this.#send(attached);
    const headers = withHeaders(this.#options.headers, []);
    if (headers !== undefined) this.#options.headers = headers;
    attached.then((later) => this.#send(later)).catch((error: unknown) => this.#fail(error));
    return true;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#abort = controller.abort.bind(controller);
    this.#handler.onRequestStart?.(controller, context);
  }

  onRequestUpgrade(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestUpgrade']>>): void {
    this.#handler.onRequestUpgrade?.(...args);
  }

  onBodySent(chunk: Buffer): void {
    this.#hasSentBody = true;
    this.#handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.#isRequestSent = true;
    this.#handler.onRequestSent?.();
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onResponseStart(controller: Controller, status: number, headers: AnswerHeaders, message?: string): void {
    // An answer of 1xx comes before the one that counts.
    if (status < 200) {
      this.#forward(() => this.#handler.onResponseStart?.(controller, status, headers, message));
      return;
    }
    if (status >= 300 && status < 400) this.#redirected.add(this.#handler);
    const sent = this.#sent;
    if (sent !== undefined && this.#replacement !== undefined) {
      // Tells the session whether the exchange was of use.
      this.#afterAnswer(sent, status, headers).catch(() => {});
    } else if (sent !== undefined && status >= 300) {
      controller.pause();
      this.#held = [];
      void this.#askSession(controller, sent, status, headers);
    }
    this.#forward(() => this.#handler.onResponseStart?.(controller, status, headers, message));
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    const dropped = this.#droppedBy(controller);
    if (dropped !== undefined) dropped.received(chunk.byteLength);
    else this.#forward(() => this.#handler.onResponseData?.(controller, chunk));
  }

  onResponseEnd(controller: Controller, trailers: AnswerHeaders): void {
    this.#hasEnded = true;
    const dropped = this.#droppedBy(controller);
    if (dropped !== undefined) dropped.ended();
    else this.#forward(() => this.#handler.onResponseEnd?.(controller, trailers));
  }

  onResponseError(controller: Controller, error: Error): void {
    const dropped = this.#droppedBy(controller);
    if (dropped !== undefined) {
      dropped.ended();
      return;
    }
    this.#held = undefined;
    this.#sent = undefined;
    this.#handler.onResponseError?.(controller, error);
  }

  /** The refusal that was dropped, if it is this controller's. Before a connection stands undici gives no controller. */
  #droppedBy(controller: Controller | null | undefined): DroppedAnswer | undefined {
    return this.#dropped?.controller === controller ? this.#dropped : undefined;
  }

  get #signal(): AbortSignal | undefined {
    const { signal } = this.#options as { readonly signal?: unknown };
    return signal instanceof AbortSignal ? signal : undefined;
  }

  #send({ tokens, entries }: Attached): boolean {
    // By the very set that it returned the session knows the answer to a replay.
    this.#sent = this.#replacement?.id === tokens.id ? this.#replacement : tokens;
    const headers = withHeaders(this.#options.headers, entries);
    // Undici refuses these headers with an error of its own, and sends nothing.
    if (headers === undefined) return this.#dispatch(this.#options, this.#handler);
    this.#options = { ...this.#options, headers };
    return this.#dispatch(this.#options, this);
  }

  #afterAnswer(sent: TokenSet, status: number, headers: AnswerHeaders): Promise<TokenSet | undefined> {
    const { origin, path } = this.#options;
    // Not new URL(path, origin): a path that begins with two slashes names no host here.
    const url = `${new URL(origin as string | URL).origin}${path}`;
    const signal = this.#signal;
    return this.#session.tokenRejected(
      sent,
      { status, headers: headersOf(headers), url },
      signal && { signal },
    );
  }

  /** Lets the session decide about a refusal. If that takes an exchange, the refusal does not hold its connection. */
  async #askSession(
    controller: Controller,
    sent: TokenSet,
    status: number,
    headers: AnswerHeaders,
  ): Promise<void> {
    const asked = this.#afterAnswer(sent, status, headers);
    const stands = asked.then(
      (next) => next === undefined,
      () => false,
    );
    const isOver = await Promise.race([
      stands,
      new Promise<false>((resolve) => setImmediate(resolve, false)),
    ]);
    // The request has failed or was aborted meanwhile.
    if (this.#held === undefined) return void asked.catch(() => {});
    if (isOver || !this.#prepareReplay()) {
      asked.catch(() => {});
      return this.#passOnRefusal(controller);
    }
    // The caller gets the replay, or an error.
    this.#held = undefined;
    this.#dropped = new DroppedAnswer(controller, this.#abort);
    controller.resume();
    try {
      this.#replacement = await asked;
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.start();
  }

  /** Whether the request can be sent again. A stream that turned out to be empty is no body. */
  #prepareReplay(): boolean {
    const { body } = this.#options;
    if (!isReplayable(body)) {
      const isEmpty = this.#isRequestSent && !this.#hasSentBody && hasEnded(body);
      if (!isEmpty) return false;
      this.#options = { ...this.#options, body: null };
    }
    return true;
  }

  /** Passes the refusal on to the caller. */
  #passOnRefusal(controller: Controller): void {
    const events = this.#held ?? [];
    this.#held = undefined;
    try {
      for (const event of events) event();
    } catch (error) {
      // What undici makes of a handler that throws.
      this.#sent = undefined;
      if (this.#hasEnded) this.#handler.onResponseError?.(controller, error as Error);
      else this.#abort(error as Error);
      return;
    }
    controller.resume();
  }

  #forward(event: () => void): void {
    if (this.#held === undefined) event();
    else this.#held.push(event);
  }

  #fail(error: unknown): true {
    this.#handler.onResponseError?.(noController, error as Error);
    return true;
  }
}

/** Whether only the token, not the request, is forbidden at this origin. */
function isForbidden(error: unknown): boolean {
  return isAuthError(error) && (error.code === 'origin_not_allowed' || error.code === 'insecure_url');
}

function headersOf(given: AnswerHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    for (const each of [value ?? []].flat()) headers.append(name, each);
  }
  return headers;
}
