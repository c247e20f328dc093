import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request the API saw. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A real API on loopback that accepts one access token. */
export class FakeApi {
  readonly seen: SeenRequest[] = [];
  accepted = 'access-1';
  routes: Record<string, (seen: SeenRequest) => Answer> = {};
  #server: Server | undefined;

  async start(): Promise<this> {
    this.#server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const seen: SeenRequest = {
        method: request.method as string,
        path: request.url as string,
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
      };
      this.seen.push(seen);
      const route = this.routes[seen.path];
      const good = seen.headers.authorization === `Bearer ${this.accepted}`;
      const answer = route?.(seen) ?? { status: good ? 200 : 401, body: good ? 'welcome' : 'no' };
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${((this.#server as Server).address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }
}
