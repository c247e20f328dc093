import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { Agent, Client, type Dispatcher, interceptors, ProxyAgent, RetryAgent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { authInterceptor } from '../src/index.js';
import { Api, openSession } from './support/scene.js';

let api: Api;
/** A proxy that wants to know who asks. */
let proxy: Server;
let closedPort: number;
const dispatchers: Dispatcher[] = [];

beforeEach(async () => {
  api = await Api.start();
  proxy = createServer();
  proxy.on('connect', (_, socket) => {
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  closedPort = await portNobodyListensOn();
});
afterEach(async () => {
  await Promise.all(dispatchers.splice(0).map((dispatcher) => dispatcher.destroy()));
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  await api[Symbol.asyncDispose]();
});

async function portNobodyListensOn(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function kept<Kept extends Dispatcher>(dispatcher: Kept): Kept {
  dispatchers.push(dispatcher);
  return dispatcher;
}

const proxyAt = (port: number): ProxyAgent => kept(new ProxyAgent(`http://127.0.0.1:${port}`));

/** Failures before a connection stands: the dispatcher and the URL. */
const failures: Record<string, () => readonly [Dispatcher, string]> = {
  'the server refuses connections': () => [kept(new Agent()), `http://127.0.0.1:${closedPort}/`],
  'the name does not resolve': () => [kept(new Agent()), 'https://no-such-host.invalid/'],
  'the server speaks no TLS': () => [kept(new Agent()), `https://127.0.0.1:${new URL(api.origin).port}/`],
  'the proxy refuses connections': () => [proxyAt(closedPort), 'https://api.example.com/'],
  'the proxy answers 407': () => [proxyAt((proxy.address() as AddressInfo).port), 'https://api.example.com/'],
  'the client is destroyed while the request is queued': () => {
    const client = kept(new Client(api.origin));
    setImmediate(() => void client.destroy(new Error('destroyed by the program')));
    api.on('/', () => 200);
    return [client, `${api.origin}/`];
  },
  'a retrying agent gives up': () => [
    new RetryAgent(kept(new Agent()), { maxRetries: 2, minTimeout: 1 }),
    `http://127.0.0.1:${closedPort}/`,
  ],
};

/** How a request fails: the error's own words, with the numbers of ports left out. */
async function failureOf(dispatcher: Dispatcher, url: string): Promise<unknown> {
  const signal = AbortSignal.timeout(5_000);
  try {
    await request(url, { dispatcher, signal });
    return 'answered';
  } catch (error) {
    const { name, message, code } = error as Error & { code?: unknown };
    return { name, code, message: message.replaceAll(/\d{4,5}/g, '') };
  }
}

/** The dispatcher with a session whose token may go to the URL. */
function withToken(
  dispatcher: Dispatcher,
  url: string,
  ...outer: Dispatcher.DispatcherComposeInterceptor[]
): Dispatcher {
  const { session } = openSession([], { change: { allowedOrigins: [new URL(url).origin] } });
  return dispatcher.compose(authInterceptor(session), ...outer);
}

describe.each(Object.entries(failures))('where %s', (_, open) => {
  test('the very error comes that comes without the interceptor', { tags: ['fault-92'] }, async () => {
    const [plain, plainUrl] = open();
    const without = await failureOf(plain, plainUrl);
    expect(without).toMatchObject({ name: expect.not.stringMatching('TimeoutError') });
    const [dispatcher, url] = open();
    expect(await failureOf(withToken(dispatcher, url), url)).toEqual(without);
  });

  test('a retrying interceptor outside sees it', { tags: ['fault-92'] }, async () => {
    const [dispatcher, url] = open();
    let tries = 0;
    const retry = interceptors.retry({
      maxRetries: 2,
      retry: (error, _context, done) => {
        tries++;
        done(tries > 2 ? error : null);
      },
    });
    expect(await failureOf(withToken(dispatcher, url, retry), url)).not.toBe('answered');
    expect(tries).toBeGreaterThan(0);
  });
});

test('the request’s signal ends the wait for an answer', { tags: ['fault-92'] }, async () => {
  const silent = createTcpServer((socket) => void socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const dispatcher = withToken(kept(new Agent()), url);
  await expect(request(url, { dispatcher, signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
    name: 'TimeoutError',
  });
  await dispatchers.at(-1)?.destroy();
  await new Promise((resolve) => silent.close(resolve));
});
