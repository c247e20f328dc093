import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { findAuthError, type TokenSet } from '@auth/core';
import type { Session } from '../accounts.js';
import { handedOn } from './forwarding.js';
import { keyHeader } from './listening.js';

/** What the API said to an upgrade: it opens a connection, or answers. */
type Reply =
  | {
      readonly kind: 'open';
      readonly message: IncomingMessage;
      readonly socket: Duplex;
      readonly head: Buffer;
    }
  | { readonly kind: 'answer'; readonly message: IncomingMessage };

/** Forwards a WebSocket's beginning with a token, once more with another where it is refused, and joins both ends. */
export async function forwardUpgrade(
  session: Session,
  url: string,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  try {
    let { reply, tokens } = await ask(session, url, request);
    if (reply.kind === 'answer') {
      const { statusCode: status = 0, headers } = reply.message;
      const judged = { status, headers: new Headers(handedOn(headers) as Record<string, string>), url };
      const another = await session.tokenRejected(tokens, judged);
      if (another !== undefined) {
        reply.message.resume();
        ({ reply, tokens } = await ask(session, url, request));
        const { statusCode = 0 } = reply.message;
        await session.tokenRejected(tokens, { status: statusCode, headers: new Headers(), url });
      }
    }
    socket.write(headOf(reply.message));
    if (reply.kind === 'answer') {
      reply.message.pipe(socket);
      return;
    }
    join(socket, head, reply.socket, reply.head);
  } catch (error) {
    const detail = findAuthError(error)?.message ?? 'the API cannot be reached';
    socket.end(`HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n${detail}\n`);
  }
}

async function ask(
  session: Session,
  url: string,
  { method = 'GET', headers }: IncomingMessage,
): Promise<{ reply: Reply; tokens: TokenSet<unknown> }> {
  const ours = new Headers();
  const tokens = await session.attach(url, ours);
  const { connection = 'Upgrade', upgrade = 'websocket' } = headers;
  const kept = handedOn(headers, 'host', keyHeader, ...ours.keys());
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const outgoing = send(url, {
    method,
    headers: { ...kept, ...Object.fromEntries(ours), connection, upgrade },
  });
  const reply = await new Promise<Reply>((resolve, reject) => {
    outgoing.once('upgrade', (message, socket, head) => resolve({ kind: 'open', message, socket, head }));
    outgoing.once('response', (message) => resolve({ kind: 'answer', message }));
    outgoing.once('error', reject);
    outgoing.end();
  });
  return { reply, tokens };
}

/** The status line and the headers as they came: an upgrade's belong to the connection. */
function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
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
