import type { FetchLike } from '../provider.js';
import { membersOf } from './arguments-at-call.js';

/** A request that can be sent again if its body allows it. */
export class Outgoing {
  readonly input: string | Request;
  readonly init: RequestInit;
  #spare: Request | undefined;

  constructor(input: string | Request, init: RequestInit) {
    this.input = input;
    this.init = init;
    // As in the platform's fetch, `body: null` counts as no body, and the Request keeps its own.
    const hasOwnBody = init.body !== undefined && init.body !== null;
    if (input instanceof Request && !hasOwnBody && input.body !== null) this.#spare = input;
  }

  /** False if the body is a stream of the caller's, which can be read only once. */
  get isReplayable(): boolean {
    return isRereadable(this.init.body);
  }

  get method(): string {
    return this.init.method?.toUpperCase() ?? (this.input instanceof Request ? this.input.method : 'GET');
  }

  get redirect(): RequestRedirect {
    return this.init.redirect ?? (this.input instanceof Request ? this.input.redirect : 'follow');
  }

  /** Sends the request, or a copy of it, with these headers; `change` replaces parts of the init. */
  send(fetch: FetchLike, headers: Headers, change?: RequestInit): Promise<Response> {
    return fetch(this.#take(), { ...this.init, ...change, headers });
  }

  /** Sends the request, or a copy of it, to the URL that a redirect names. */
  async sendTo(url: URL, fetch: FetchLike, headers: Headers, change: RequestInit): Promise<Response> {
    const taken = this.#take();
    const init = { ...this.init, ...change, headers };
    if (!(taken instanceof Request)) return fetch(url, init);
    // As a Blob: the platform sends the body of a Request that is made of another one in chunks.
    const body = taken.body === null ? null : await taken.blob();
    return fetch(new Request(url, { ...membersOf(taken), body }), init);
  }

  /** Drops the copy kept for a replay. */
  discard(): void {
    if (this.#spare !== undefined && this.#spare !== this.input) this.#spare.body?.cancel().catch(() => {});
    this.#spare = undefined;
  }

  #take(): string | Request {
    const taken = this.#spare;
    if (taken === undefined) return this.input;
    this.#spare = taken.clone();
    return taken;
  }
}

/** Whether a body can be read again: anything but a stream or an async iterable. */
function isRereadable(body: BodyInit | null | undefined): boolean {
  if (typeof body !== 'object' || body === null) return true;
  return !('getReader' in body) && !(Symbol.asyncIterator in body);
}
