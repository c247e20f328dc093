import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificates } from '@internal/test-tools';

/** A door in front of a server: counts what comes through. */
export interface Door extends AsyncDisposable {
  readonly port: number;
  /** Connections so far. */
  readonly connections: number;
}

/** A TLS server that hands everything on to a port. With `asksClients` it wants a certificate of the authority. */
export async function openTls(to: number, certificates: Certificates, asksClients = false): Promise<Door> {
  const { certificate, key } = certificates.server;
  let connections = 0;
  const server = createTlsServer(
    {
      cert: readFileSync(certificate),
      key: readFileSync(key),
      ca: readFileSync(certificates.ca),
      requestCert: asksClients,
    },
    (socket) => {
      connections++;
      const through = connect(to, '127.0.0.1');
      for (const end of [socket, through]) end.on('error', () => socket.destroy());
      socket.pipe(through).pipe(socket);
    },
  );
  server.on('tlsClientError', () => {});
  return door(server, () => connections);
}

/** A proxy that opens tunnels to whoever knows the password. */
export async function openProxy(username: string, password: string): Promise<Door> {
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  let connections = 0;
  const server = createServer((_request, response) => response.writeHead(403).end());
  server.on('connect', ({ url = '', headers }, socket) => {
    socket.on('error', () => {});
    if (headers['proxy-authorization'] !== expected) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    connections++;
    const [host = '', port] = url.split(':');
    const through = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(through).pipe(socket);
    });
    through.on('error', () => socket.destroy());
  });
  return door(server, () => connections);
}

async function door(server: Server, count: () => number): Promise<Door> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return count();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
