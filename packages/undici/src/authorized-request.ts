import { type AuthSession, isAuthError, type TokenSet } from '@auth/core';
import type { Dispatcher } from 'undici';
import { type Attached, type TokenHeaders, withHeaders } from './token-headers.js';

type Controller = Dispatcher.DispatchController;
type AnswerHeaders = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/** A request that fails before it is dispatched has no controller. */
const noController = null as unknown as Controller;
/** Up to this many bytes of a refusal's body are read, to keep the connection … */
const maxDroppedBytes = 65_536;
/** … within this time; a longer body is aborted. */
const maxDroppedMs = 100;

/** One request with the session's token, and its replay if the API refuses the token. */
export class AuthorizedRequest implements Dispatcher.DispatchHandler {
  readonly #session: AuthSession;
  readonly #tokenHeaders: TokenHeaders;
  /** Handlers that were given a redirect: their next dispatch is the next hop. */
  readonly #redirected: WeakSet<Dispatcher.DispatchHandler>;
  readonly #dispatch: Dispatcher.Dispatch;
  readonly #options: Dispatcher.DispatchOptions;
  readonly #handler: Dispatcher.DispatchHandler;
  /** The token set of the first attempt; undefined before it is sent, and after the request failed. */
  #sent: TokenSet | undefined;
  /** The set of the replay; undefined before it. */
  #replacement: TokenSet | undefined;
  /** Events of a refusal, held back while the session decides about it. */
  #held: (() => void)[] | undefined;
  /** Controller of the refusal whose body is dropped. */
  #dropped: Controller | undefined;
  #droppedBytes = 0;
  #cutOffTimer: NodeJS.Timeout | undefined;

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
    this.#options = options;
    this.#handler = handler;
  }

  /** Returns what a dispatch returns: whether more requests may be dispatched at once. */
  start(): boolean {
    let attached: ReturnType<TokenHeaders['attach']>;
    try {
      attached = this.#tokenHeaders.attach(this.#options.origin as string | URL, this.#signal);
    } catch (error) {
      // A redirect to a foreign origin goes without the token, as with the platform's fetch.
      if (this.#redirected.has(this.#handler) && isForbidden(error)) {
        return this.#dispatch(this.#options, this.#handler);
      }
      return this.#fail(error);
    }
    if (!(attached instanceof Promise)) return this.#send(attached);
    attached.then((later) => this.#send(later)).catch((error: unknown) => this.#fail(error));
    return true;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context);
  }

  onRequestUpgrade(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestUpgrade']>>): void {
    this.#handler.onRequestUpgrade?.(...args);
  }

  onBodySent(chunk: Buffer): void {
    this.#handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }

  onResponseStart(controller: Controller, status: number, headers: AnswerHeaders, message?: string): void {
    if (status >= 300 && status < 400) this.#redirected.add(this.#handler);
    const sent = this.#sent;
    if (sent !== undefined && this.#replacement !== undefined) {
      // Tells the session whether the exchange was of use.
      this.#afterAnswer(sent, status, headers).catch(() => {});
    } else if (sent !== undefined && (status < 200 || status >= 300)) {
      controller.pause();
      this.#held = [];
      void this.#askSession(controller, sent, status, headers);
    }
    this.#forward(() => this.#handler.onResponseStart?.(controller, status, headers, message));
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (controller === this.#dropped) this.#countDropped(chunk.byteLength);
    else this.#forward(() => this.#handler.onResponseData?.(controller, chunk));
  }

  onResponseEnd(controller: Controller, trailers: AnswerHeaders): void {
    if (controller === this.#dropped) clearTimeout(this.#cutOffTimer);
    else this.#forward(() => this.#handler.onResponseEnd?.(controller, trailers));
  }

  onResponseError(controller: Controller, error: Error): void {
    if (controller !== null && controller === this.#dropped) {
      clearTimeout(this.#cutOffTimer);
      return;
    }
    this.#held = undefined;
    this.#sent = undefined;
    this.#handler.onResponseError?.(controller, error);
  }

  get #signal(): AbortSignal | undefined {
    const { signal } = this.#options as { readonly signal?: unknown };
    return signal instanceof AbortSignal ? signal : undefined;
  }

  #send({ tokens, entries }: Attached): boolean {
    // By the very set that it returned the session knows the answer to a replay.
    this.#sent = this.#replacement?.id === tokens.id ? this.#replacement : tokens;
    return this.#dispatch({ ...this.#options, headers: withHeaders(this.#options.headers, entries) }, this);
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
    if (isOver || !isReplayable(this.#options.body)) {
      asked.catch(() => {});
      return this.#passOnRefusal(controller);
    }
    this.#dropRefusal(controller);
    try {
      this.#replacement = await asked;
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.start();
  }

  /** Passes the refusal on to the caller. */
  #passOnRefusal(controller: Controller): void {
    const events = this.#held ?? [];
    this.#held = undefined;
    for (const event of events) event();
    controller.resume();
  }

  /** Drops the refusal: the caller gets the replay, or an error. */
  #dropRefusal(controller: Controller): void {
    this.#held = undefined;
    this.#dropped = controller;
    this.#cutOffTimer = setTimeout(() => this.#cutOff(), maxDroppedMs);
    controller.resume();
  }

  #countDropped(bytes: number): void {
    this.#droppedBytes += bytes;
    if (this.#droppedBytes > maxDroppedBytes) this.#cutOff();
  }

  #cutOff(): void {
    this.#dropped?.abort(new Error('a refusal without end'));
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

/** A body that can be read only once cannot be sent again. */
function isReplayable(body: Dispatcher.DispatchOptions['body']): boolean {
  if (typeof body !== 'object' || body === null) return true;
  return (
    body instanceof Uint8Array ||
    (body as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'FormData'
  );
}

function headersOf(given: AnswerHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    for (const each of [value ?? []].flat()) headers.append(name, each);
  }
  return headers;
}
