import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';

/** An API that takes one token, with the answers that interceptors are made for. */
export class ComparisonServer implements AsyncDisposable {
  /** The token that the API takes. */
  good = '';
  /** Answers under way whose client has not gone. */
  held = 0;
  /** Requests with another token or none. */
  refused = 0;
  #flakes = 0;
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<this> {
    this.#server.on('upgrade', (request, socket) => {
      const isGood = request.headers.authorization === `Bearer ${this.good}`;
      const answer = isGood
        ? '101 Switching Protocols\r\nupgrade: echo'
        : '401 Unauthorized\r\ncontent-length: 0';
      socket.end(`HTTP/1.1 ${answer}\r\nconnection: ${isGood ? 'upgrade' : 'close'}\r\n\r\n`);
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Forgets what made an answer depend on the answers before. */
  reset(good: string): void {
    this.good = good;
    this.refused = 0;
    this.#flakes = 0;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method, url = '', headers } = request;
    if (headers.authorization !== `Bearer ${this.good}`) {
      this.refused++;
      response.writeHead(401, { 'content-type': 'text/plain' }).end('no');
      return;
    }
    const json = { 'content-type': 'application/json' };
    const body = JSON.stringify({
      method,
      url,
      mine: headers['x-mine'],
      body: Buffer.concat(parts).toString(),
    });
    switch (url) {
      case '/redirect':
        response.writeHead(307, { location: '/echo' }).end();
        return;
      case '/gzip':
        response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzipSync(body));
        return;
      case '/flaky':
        this.#flakes++;
        response.writeHead(this.#flakes === 1 ? 503 : 200, json).end(body);
        return;
      case '/error':
        response.writeHead(500, json).end(body);
        return;
      case '/cached':
        response.writeHead(200, { ...json, 'cache-control': 'public, max-age=60' }).end(body);
        return;
      case '/big':
        response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(300_000));
        return;
      case '/slow':
        this.held++;
        response.once('close', () => this.held--);
        response.writeHead(200, { 'content-type': 'text/plain' }).write('the beginning');
        return;
      default:
        response.writeHead(200, json).end(body);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A proxy that opens tunnels by CONNECT. */
export async function startProxy(): Promise<{ readonly url: string } & AsyncDisposable> {
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const through = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      through.pipe(socket).pipe(through);
    });
    through.on('error', () => socket.destroy());
    socket.on('error', () => through.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
