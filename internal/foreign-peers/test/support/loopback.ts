import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on loopback whose answers come from a function. */
export interface Loopback extends AsyncDisposable {
  readonly origin: string;
}

/** Starts a server whose requests and responses are those of the Fetch standard. */
export async function serve(answer: (request: Request) => Promise<Response>): Promise<Loopback> {
  const server = createServer(async (incoming, outgoing) => {
    const response = await answer(await toRequest(incoming)).catch(
      (error: Error) => new Response(error.stack, { status: 500 }),
    );
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method ?? 'GET',
    headers: incoming.headers as Record<string, string>,
    ...(body.length > 0 ? { body } : {}),
  });
}

/** The fields of an urlencoded or multipart form. OAuth servers accept urlencoded forms only. */
export async function fieldsOf(request: Request): Promise<URLSearchParams> {
  const form = await request.formData();
  return new URLSearchParams([...form].map(([name, value]) => [name, String(value)]));
}
