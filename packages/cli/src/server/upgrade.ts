import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { findAuthError, type TokenSet } from '@auth/core';
import type { Session } from '../accounts.js';
import { handedOn, headersIn } from './forwarding.js';
import { keyHeader } from './listening.js';

/** What the API said to an upgrade. */
interface Reply {
  readonly message: IncomingMessage;
  /** The connection, if the API has opened it. */
  readonly opened?: { readonly socket: Duplex; readonly head: Buffer };
}

/** Forwards a WebSocket's beginning with a token, once more with another where it is refused, and joins both ends. */
export async function forwardUpgrade(
  session: Session,
  url: string,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const gone = new AbortController();
  const { signal } = gone;
  // A client that is killed ends its half of the connection, and no more.
  for (const event of ['end', 'close']) socket.once(event, () => gone.abort());
  let hasBegun = false;
  try {
    let { reply, tokens } = await ask(session, url, request, signal);
    if (reply.opened === undefined) {
      const { statusCode: status = 0, headers } = reply.message;
      const another = await session.tokenRejected(
        tokens,
        { status, headers: headersIn(headers), url },
        { signal },
      );
      if (another !== undefined) {
        reply.message.destroy();
        ({ reply, tokens } = await ask(session, url, request, signal));
        const { statusCode = 0 } = reply.message;
        const judged = session.tokenRejected(tokens, { status: statusCode, headers: new Headers(), url });
        // A connection that stands is joined at once: until then nobody hears of its end.
        if (reply.opened === undefined) await judged;
        else judged.catch(() => {});
      }
    }
    const { message, opened } = reply;
    hasBegun = true;
    if (opened !== undefined) {
      socket.write(headOf(message, message.rawHeaders));
      return join(socket, head, opened.socket, opened.head);
    }
    // Node has taken the body out of its chunks.
    const headers = Object.entries(handedOn(message.headers)).flatMap(([name, value]) =>
      [value].flat().flatMap((each) => [name, each]),
    );
    socket.write(headOf(message, [...headers, 'connection', 'close']));
    await pipeline(message, socket);
  } catch (error) {
    if (hasBegun || signal.aborted) return void socket.destroy();
    const detail = findAuthError(error)?.message ?? 'the API cannot be reached';
    socket.end(`HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n${detail}\n`);
  }
}

async function ask(
  session: Session,
  url: string,
  { method = 'GET', headers }: IncomingMessage,
  signal: AbortSignal,
): Promise<{ reply: Reply; tokens: TokenSet<unknown> }> {
  const ours = new Headers();
  const tokens = await session.attach(url, ours, { signal });
  const { connection = 'Upgrade', upgrade = 'websocket' } = headers;
  const kept = handedOn(headers, 'host', keyHeader, ...ours.keys());
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const outgoing = send(url, {
    method,
    headers: { ...kept, ...Object.fromEntries(ours), connection, upgrade },
    // A connection of its own: whoever has refused an upgrade may not read another request on it.
    agent: false,
    signal,
  });
  const reply = await new Promise<Reply>((resolve, reject) => {
    outgoing.once('upgrade', (message, socket, head) => resolve({ message, opened: { socket, head } }));
    outgoing.once('response', (message) => resolve({ message }));
    outgoing.once('error', reject);
    outgoing.end();
  });
  return { reply, tokens };
}

/** The status line and these headers, in Node's flat form: of an upgrade all, since they belong to the connection. */
function headOf({ statusCode, statusMessage }: IncomingMessage, flat: readonly string[]): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let at = 0; at < flat.length; at += 2) lines.push(`${flat[at]}: ${flat[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function join(client: Duplex, clientHead: Buffer, api: Duplex, apiHead: Buffer): void {
  api.on('error', () => client.destroy());
  client.once('close', () => api.destroy());
  api.once('close', () => client.destroy());
  if (clientHead.length > 0) api.write(clientHead);
  if (apiHead.length > 0) client.write(apiHead);
  client.pipe(api).pipe(client);
}
