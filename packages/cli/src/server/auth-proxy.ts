import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { TokenSet } from '@auth/core';
import { type Dispatcher, request as send } from 'undici';
import type { Session } from '../accounts.js';
import { type Body, bodyOf, handedOn, headersIn } from './forwarding.js';
import { keyHeader, type Listening } from './listening.js';
import { answerFailure, answerProblem } from './problem.js';
import { forwardUpgrade } from './upgrade.js';

/** Every other upgrade is an ordinary request: Java's client and `curl --http2` ask for HTTP/2 with each, over plain http. */
function isForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

const serverOptions: ServerOptions = {
  // An upload may take as long as it takes, also where the API reads it slowly.
  requestTimeout: 0,
  headersTimeout: 60_000,
  shouldUpgradeCallback: isForWebSocket,
};

/** Node before 22.21, and 24 before 24.9, hand a server every request with an Upgrade header as one connection. */
const oldNode =
  'With this Node the proxy takes no upgrades but WebSockets: use 22.21, 24.9 or later, or send no Upgrade header.';

/** So much of a refused answer is read, within this time, to keep its connection. */
const [droppedBytes, droppedMs] = [65_536, 100];

/**
 * Forwards to one origin, and attaches the account's token. A request that the API refuses is sent once more with another
 * token, where its body is short enough to be kept. Nothing is ever forwarded without a token.
 */
export class AuthProxy {
  readonly server: Server;
  readonly #session: Session;
  readonly #target: string;
  #listening: Listening | undefined;

  /** @param target the origin to forward to */
  constructor(session: Session, target: string) {
    this.#session = session;
    this.#target = target;
    this.server = createServer(serverOptions, (request, response) => void this.#handle(request, response));
    this.server.on('connect', (_request, socket: Duplex) => {
      // A client that goes away: Node leaves these sockets to us.
      socket.on('error', () => socket.destroy());
      const reason =
        'This proxy attaches tokens, so it must see the requests: call it as if it were the API.';
      socket.end(
        `HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${reason}\n`,
      );
    });
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      if (!isForWebSocket(request)) {
        socket.end(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n${oldNode}\n`);
        return;
      }
      const { url, objection } = this.#admit(request);
      if (url === undefined) {
        socket.end(`HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n${objection}\n`);
        return;
      }
      void forwardUpgrade(this.#session, url, request, socket, head);
    });
  }

  /** Where it listens, known once it does. */
  set listening(listening: Listening) {
    this.#listening = listening;
  }

  #admit(request: IncomingMessage): { readonly url?: string; readonly objection?: string } {
    const listening = this.#listening;
    if (listening === undefined) return { objection: 'not yet' };
    const objection = listening.objectionTo(request);
    if (objection !== undefined) return { objection };
    const path = listening.pathOf(request);
    // A client that takes this for a forward proxy writes a whole URL there.
    if (!path.startsWith('/')) return { objection: 'call this proxy as if it were the API, by paths alone' };
    return { url: this.#target + path };
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url, objection } = this.#admit(request);
    if (url === undefined) return answerProblem(response, 403, 'refused', objection);
    const aborted = new AbortController();
    response.once('close', () => aborted.abort());
    let body: Body | undefined;
    try {
      body = await bodyOf(request);
      const answer = await this.#forward(url, request, body, aborted.signal);
      if ('rest' in body) closeOnceReceived(request, response, body.rest);
      response.writeHead(answer.statusCode, this.#answerHeaders(answer, request, url));
      // A 304 may name the length of what it leaves out (RFC 9110 section 8.6).
      if (answer.statusCode === 304) {
        answer.body.on('error', () => {}).resume();
        response.end();
      } else await pipeline(answer.body, response);
    } catch (error) {
      if (aborted.signal.aborted) return;
      if (response.headersSent) response.destroy();
      else {
        if (body !== undefined && 'rest' in body) closeOnceReceived(request, response, body.rest);
        answerFailure(response, error);
      }
    }
  }

  async #forward(
    url: string,
    request: IncomingMessage,
    body: Body,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const first = await this.#attempt(url, request, body, signal);
    const { answer, tokens } = first;
    if (answer.statusCode < 300) return answer;
    const judged = { status: answer.statusCode, headers: headersIn(answer.headers), url };
    const judging = this.#session.tokenRejected(tokens, judged, { signal });
    // Its body is gone, so the answer is handed on, whatever becomes of the token.
    if ('rest' in body)
      return judging.then(
        () => answer,
        () => answer,
      );
    const another = await judging.catch(async (error) => {
      await drop(answer);
      throw error;
    });
    if (another === undefined) return answer;
    await drop(answer);
    const second = await this.#attempt(url, request, body, signal);
    const { statusCode: status } = second.answer;
    const shown = { status, headers: headersIn(second.answer.headers), url };
    await this.#session.tokenRejected(second.tokens, shown, { signal }).catch(() => {});
    return second.answer;
  }

  async #attempt(
    url: string,
    { method = 'GET', headers }: IncomingMessage,
    body: Body,
    signal: AbortSignal,
  ): Promise<{ readonly answer: Dispatcher.ResponseData; readonly tokens: TokenSet<unknown> }> {
    const ours = new Headers();
    const tokens = await this.#session.attach(url, ours, { signal });
    const kept = handedOn(headers, 'host', 'expect', keyHeader, ...ours.keys());
    const answer = await send(url, {
      method: method as Dispatcher.HttpMethod,
      headers: { ...kept, ...Object.fromEntries(ours) },
      body: 'whole' in body ? body.whole : body.rest,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return { answer, tokens };
  }

  /** A redirect within the API stays within the proxy, whose address may hold a key. */
  #answerHeaders(
    answer: Dispatcher.ResponseData,
    request: IncomingMessage,
    url: string,
  ): Record<string, string | string[]> {
    const headers = handedOn(answer.headers);
    const { location } = headers;
    if (typeof location !== 'string' || !URL.canParse(location, url)) return headers;
    const { origin, pathname, search, hash } = new URL(location, url);
    if (origin !== this.#target) return headers;
    const address = this.#listening?.address ?? '';
    const base = address.startsWith('http') ? address : `http://${request.headers.host ?? 'localhost'}`;
    return { ...headers, location: base + pathname + search + hash };
  }
}

/**
 * Reads and drops what is left of a request after its answer, and only then closes the connection where the client asked for
 * that: closing at once takes the answer from a client who sends everything before it reads. The answer itself does not wait,
 * because other clients stop sending once they have it.
 */
function closeOnceReceived(request: IncomingMessage, response: ServerResponse, rest: Readable): void {
  const isToClose = !response.shouldKeepAlive;
  response.shouldKeepAlive = true;
  response.once('finish', async () => {
    rest.destroy();
    await finished(request, { writable: false }).catch(() => {});
    if (isToClose) request.socket.end();
  });
}

/** Unread, an answer would keep its connection; one that does not end loses it. */
async function drop({ body }: Dispatcher.ResponseData): Promise<void> {
  await body.dump({ limit: droppedBytes, signal: AbortSignal.timeout(droppedMs) }).catch(() => {});
}
