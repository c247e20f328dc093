import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

/** The request as the API received it. */
export interface Echo {
  readonly method: string;
  readonly type: string;
  readonly body: string;
}

const events = { 'content-type': 'text/event-stream' };

/** An API that takes one token and speaks the protocols of the clients that are compared. */
export class ForeignApi implements AsyncDisposable {
  /** The token that the API takes. */
  good = '';
  /** Requests with another token or none. */
  refused = 0;
  /** Answers under way whose client has not gone. */
  held = 0;
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const { pathname } = new URL(url, this.origin);
    if (pathname === '/cookies') {
      response.writeHead(200, { 'set-cookie': ['sid=1; Path=/', 'csrf=2', 'route=n1'] }).end('{}');
      return;
    }
    if (headers.authorization !== `Bearer ${this.good}`) {
      this.refused++;
      response.writeHead(401, { 'content-type': 'text/plain' }).end('no');
      return;
    }
    if (pathname === '/mcp') return answerMcp(request, response);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const type = headers['content-type'] ?? '';
    const [, boundary = '\0'] = /boundary=(.+)$/.exec(type) ?? [];
    const sent = Buffer.concat(parts).toString();
    const named = (text: string): string => text.replaceAll(boundary, 'BOUNDARY');
    const echo: Echo = { method, type: named(type), body: named(sent) };
    const json = (value: unknown): void =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    switch (pathname) {
      case '/silent':
        this.held++;
        response.once('close', () => this.held--);
        return;
      case '/events':
        return writeSlowly(response, events, ['data: one\n\n', 'data: two\n\n'], false);
      case '/text':
        return writeSlowly(response, { 'content-type': 'text/plain' }, ['one ', 'two ', 'three'], true);
      case '/graphql':
        return json({ data: { echo } });
      case '/trpc/echo':
        return json({ result: { data: echo } });
      case '/v1/chat/completions': {
        const chunk = (content: string): string =>
          `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
        if (!sent.includes('"stream":true')) return json({ choices: [], echo });
        return writeSlowly(response, events, [chunk('one'), chunk('two'), 'data: [DONE]\n\n'], true);
      }
      default:
        return json(echo);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function writeSlowly(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  parts: readonly string[],
  isEnded: boolean,
): Promise<void> {
  response.writeHead(200, headers);
  for (const part of parts) {
    response.write(part);
    await pause(10);
  }
  if (isEnded) response.end();
}

/** The server of the protocol's own SDK, without sessions. */
async function answerMcp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const server = new McpServer({ name: 'compared', version: '1.0.0' });
  server.registerTool('greet', {}, () => ({ content: [{ type: 'text', text: 'hello' }] }));
  const transport = new StreamableHTTPServerTransport({});
  response.once('close', () => void transport.close());
  await server.connect(transport as never);
  await transport.handleRequest(request, response);
}
