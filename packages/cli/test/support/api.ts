import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An API that gives each request this answer. */
export async function startApi(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<AsyncDisposable & { readonly origin: string }> {
  const server = createServer((request, response) => answer(response, request));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** An API that refuses the first request, in an answer without end, and takes those that follow. */
export function startApiThatRefusesOnce(): ReturnType<typeof startApi> {
  let isRefused = true;
  return startApi((response) => {
    if (isRefused) response.writeHead(401).write('no');
    else response.end('now');
    isRefused = false;
  });
}
