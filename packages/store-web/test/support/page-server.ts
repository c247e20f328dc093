import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const html = '<!doctype html><title>tests</title><script type="module" src="/page.js"></script>';

/** A running server, and so an origin that shares no storage with another one. */
export interface PageServer {
  readonly port: number;
  close(): void;
}

/** Serves a page with that script, and forwards everything else to the emulator. */
export async function startPageServer(script: string, emulatorOrigin: string): Promise<PageServer> {
  const server = createServer((request, response) => {
    const { url = '/' } = request;
    if (url === '/page.js') sendScript(script, response);
    else if (url === '/' || url === '/sandboxed') sendPage(url === '/sandboxed', response);
    else void forward(emulatorOrigin + url, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function sendScript(script: string, response: ServerResponse): void {
  // A sandboxed page has an origin of its own.
  response.writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' });
  response.end(script);
}

function sendPage(isSandboxed: boolean, response: ServerResponse): void {
  const policy = isSandboxed ? { 'content-security-policy': 'sandbox allow-scripts' } : {};
  response.writeHead(200, { 'content-type': 'text/html', ...policy });
  response.end(html);
}

async function forward(url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await new Response(request as never).arrayBuffer();
  const { host, connection, 'content-length': length, ...headers } = request.headers;
  const answered = await fetch(url, {
    method: request.method ?? 'GET',
    headers: headers as Record<string, string>,
    ...(body.byteLength > 0 ? { body } : {}),
  }).catch(() => undefined);
  if (answered === undefined) {
    // The emulator has dropped its connection: the page's connection must drop too.
    response.destroy();
    return;
  }
  response.writeHead(answered.status, {
    'content-type': answered.headers.get('content-type') ?? 'text/plain',
  });
  response.end(Buffer.from(await answered.arrayBuffer()));
}
