/**
 * An auth server in a process of its own: the wire of @auth/password-refresh, refresh tokens for one use, a ledger. Its
 * parent talks to it by messages.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Ledger } from '../ledger.ts';
import type { ServerCommand, ServerMessage } from '../messages.ts';

const [lifeMs = 60_000, latencyMs = 50] = process.argv.slice(2).map(Number);
/** A caller that dies so soon after an answer may not have kept it: on a busy machine it may not even have read it. */
const keptAfterMs = 1_000;

const ledger = new Ledger(lifeMs);
/** When each connection was last answered, and whether a call is under way on it. */
const connections = new Map<Socket, { answeredAt: number; isAnswering: boolean }>();

let isAway = false;

/** A worker that is killed in the middle of a request has sent nothing. */
const server = createServer((request, response) =>
  respond(request, response).catch(() => response.destroy()),
);

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const connection = connections.get(request.socket);
  const form = new URLSearchParams(await bodyOf(request));
  if (connection !== undefined) connection.isAnswering = true;
  await new Promise((resolve) => setTimeout(resolve, latencyMs));
  const refreshToken = decide(request, form);
  if (refreshToken === undefined) answer(response, 401, { error: 'invalid_grant' });
  else {
    const tokens = { access_token: crypto.randomUUID(), token_type: 'Bearer', refresh_token: refreshToken };
    answer(response, 200, { ...tokens, expires_in: lifeMs / 1_000 });
  }
  if (connection !== undefined) Object.assign(connection, { answeredAt: Date.now(), isAnswering: false });
}
server.keepAliveTimeout = 0;
server.on('connection', (socket: Socket) => {
  connections.set(socket, { answeredAt: 0, isAnswering: false });
  socket.on('error', () => {});
  socket.on('close', () => {
    const { answeredAt = 0, isAnswering = false } = connections.get(socket) ?? {};
    if (!isAway && (isAnswering || Date.now() - answeredAt < keptAfterMs)) ledger.unheard();
    connections.delete(socket);
  });
});
await listen(0);
const { port } = server.address() as AddressInfo;
tell({ say: 'ready', port });

process.on('message', async (command: ServerCommand) => {
  switch (command.do) {
    case 'begin':
      ledger.begin(Date.now());
      return tell({ say: 'done' });
    case 'count':
      return tell({ say: 'count', accounts: ledger.accounts, rotations: ledger.rotations });
    case 'report':
      return tell({ say: 'report', report: ledger.report(Date.now()) });
    case 'goAway':
      // What is under way is answered. Then nothing listens any more: a call ends before it is sent.
      isAway = true;
      server.close();
      server.closeIdleConnections();
      return tell({ say: 'done' });
    case 'comeBack':
      isAway = false;
      await listen(port);
      return tell({ say: 'done' });
  }
});
process.on('disconnect', () => process.exit());

function decide(request: IncomingMessage, form: URLSearchParams): string | undefined {
  const sender = String(request.headers['x-sender'] ?? 'nobody');
  if (request.url === '/auth/password') return ledger.login(form.get('username') ?? '', sender, Date.now());
  return ledger.refresh(form.get('refresh_token') ?? '', sender, Date.now());
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  return body;
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (isAway) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function listen(on: number): Promise<void> {
  server.listen(on, '127.0.0.1');
  await once(server, 'listening');
}

function tell(message: ServerMessage): void {
  process.send?.(message);
}
