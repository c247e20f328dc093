import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, rmSync, statSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../failures.js';
import { ownFolder } from '../own-folder.js';

/** The header in which callers bring the key of a server on TCP. */
export const keyHeader = 'x-auth-key';

/** Where a server listens, and who may call it. */
export interface Listening {
  /** What callers are told: `unix:PATH`, or a URL. */
  readonly address: string;
  /** Callers on TCP bring it: every user of the machine can reach a port. Undefined for a socket, which the file system guards. */
  readonly key: string | undefined;
  /** Why a request is refused; undefined: it may pass. */
  objectionTo(request: IncomingMessage): string | undefined;
  /** The request's path, without the key where that is part of it. */
  pathOf(request: IncomingMessage): string;
  /** Takes no more connections, and resolves once those that there are have ended: after this time they are cut off. */
  close(patienceMs: number): Promise<void>;
}

export interface ListenOptions {
  /** `unix:PATH` or `127.0.0.1:PORT`. Default: a socket in a new folder of the user's own. */
  readonly listen: string | undefined;
  /** The key is part of the path, for clients that cannot send a header. Other users may read it in a list of processes. */
  readonly isKeyInPath: boolean;
}

/** Listens. The socket and its folder are removed when the program ends. @throws UsageError */
export async function listen(server: Server, options: ListenOptions): Promise<Listening> {
  const { listen: place = `unix:${ownSocket()}` } = options;
  const [, path] = /^unix:(.+)$/.exec(place) ?? [];
  if (path !== undefined) return onSocket(server, resolve(path));
  const [, port] = /^127\.0\.0\.1:(\d+)$/.exec(place) ?? [];
  if (port === undefined) throw new UsageError(`--listen ${place}: expected unix:PATH or 127.0.0.1:PORT`);
  return onPort(server, Number(port), options.isKeyInPath);
}

async function onSocket(server: Server, path: string): Promise<Listening> {
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (folder === undefined) throw new UsageError(`--listen: there is no folder ${dirname(path)}`);
  if ((folder.mode & 0o077) !== 0)
    throw new UsageError(
      `--listen: others can reach ${dirname(path)}: name a path in a folder of your own, with mode 0700`,
    );
  await removeIfLeftBehind(path);
  await started(server, () => server.listen(path));
  chmodSync(path, 0o600);
  return {
    address: `unix:${path}`,
    key: undefined,
    objectionTo: (request) => fromBrowser(request),
    pathOf: ({ url = '/' }) => url,
    close: closing(server),
  };
}

async function onPort(server: Server, port: number, isKeyInPath: boolean): Promise<Listening> {
  await started(server, () => server.listen(port, '127.0.0.1'));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const key = crypto.randomUUID().replaceAll('-', '');
  const prefix = isKeyInPath ? `/${key}` : '';
  return {
    address: `http://${host}${prefix}`,
    key: isKeyInPath ? undefined : key,
    objectionTo(request) {
      // A page whose name leads here by DNS would name itself.
      if (request.headers.host !== host) return 'the Host is not the address that is listened on';
      const brought = isKeyInPath ? request.url?.split(/[/?]/)[1] : request.headers[keyHeader];
      if (!isEqual(String(brought), key)) return `the key is missing: send it as ${keyHeader}`;
      return fromBrowser(request);
    },
    // What follows the key may be a query, or nothing.
    pathOf: ({ url = '/' }) => url.slice(prefix.length).replace(/^(?=\?|$)/, '/'),
    close: closing(server),
  };
}

/** Node's `closeAllConnections` leaves out those that were upgraded, and `close` waits for them. */
function closing(server: Server): Listening['close'] {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return async (patienceMs) => {
    const closed = once(server, 'close');
    server.close();
    const late = setTimeout(() => {
      for (const socket of open) socket.destroy();
    }, patienceMs);
    await closed;
    clearTimeout(late);
  };
}

/** Pages of any site can send requests to this machine; programs send neither header. */
function fromBrowser({ headers }: IncomingMessage): string | undefined {
  const isFromBrowser = headers.origin !== undefined || headers['sec-fetch-site'] !== undefined;
  return isFromBrowser ? 'requests of web pages are refused' : undefined;
}

/** Takes the same time however much of it is right. What a caller sends may be any text. */
function isEqual(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** A program that was killed has left its socket: nobody answers there. */
async function removeIfLeftBehind(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const probe = connect(path);
  const refused = await once(probe, 'connect').then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === 'ECONNREFUSED',
  );
  probe.destroy();
  if (refused) rmSync(path);
}

async function started(server: Server, start: () => void): Promise<void> {
  try {
    start();
    await once(server, 'listening');
  } catch (error) {
    throw new UsageError(`--listen: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** In a folder that nobody else can enter. */
function ownSocket(): string {
  const folder = ownFolder();
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'socket');
}
