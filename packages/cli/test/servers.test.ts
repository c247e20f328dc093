import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { listen } from '../src/server/listening.js';
import { startApi, startApiThatRefusesOnce } from './support/api.js';
import { Home } from './support/cli.js';

let emulator: RunningEmulator;
let home: Home;

beforeEach(async () => {
  emulator = await startEmulator({
    api: { joor: async (request) => Response.json({ method: request.method, body: await request.text() }) },
  });
  home = new Home(emulator);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await emulator.close();
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, unknown>;
}

/** A request to a socket, or to a port. */
async function call(
  address: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const [, socketPath] = /^unix:(.*)$/.exec(address) ?? [];
  const url = new URL(socketPath === undefined ? address + path : `http://localhost${path}`);
  const place = socketPath === undefined ? { host: url.hostname, port: url.port } : { socketPath };
  const { body, ...rest } = options;
  const outgoing = httpRequest({ ...place, path: url.pathname + url.search, ...rest });
  // A server may answer before it has read a body that it refuses.
  outgoing.on('error', () => {}).end(body);
  const [incoming] = await once(outgoing, 'response');
  return { status: incoming.statusCode, body: await text(incoming), headers: incoming.headers };
}

/** The statuses that a client sees which reads nothing before it has sent everything, and whose network is slow. */
async function sentThenRead(address: string, sent: string): Promise<string[]> {
  const socket = connect(address.slice('unix:'.length)).pause();
  const half = Math.ceil(sent.length / 2);
  const send = (part: string): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.once('error', reject).write(part, () => resolve());
    });
  await send(sent.slice(0, half));
  // Long after the API has refused it.
  await setTimeout(300);
  await send(sent.slice(half));
  return [...(await text(socket)).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status);
}

const keyOf = (line = ''): Record<string, string> => ({ 'x-auth-key': line.split(': ')[1] ?? '' });

describe('auth proxy', () => {
  test('listens on a socket of the user’s own, and attaches the token', async () => {
    await using proxy = await home.listening(['proxy', 'joor']);
    const [address = ''] = proxy.lines;
    const path = address.slice('unix:'.length);
    expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([0o600, 0o700]);
    const headers = { authorization: 'Bearer of the client' };
    const answer = await call(address, '/joor/v4/orders?page=2', { method: 'POST', headers, body: 'x' });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { method: 'POST', body: 'x' }]);
    expect(await proxy.stop()).toBe(0);
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('a socket that a killed program has left is used again, one in use is not', async () => {
    const place = join(home.path, 'socket');
    const killed = await home.listening(['proxy', 'joor', '--listen', `unix:${place}`]);
    killed.program.kill('SIGKILL');
    await once(killed.program, 'exit');
    await using proxy = await home.listening(['proxy', 'joor', '--listen', `unix:${place}`]);
    expect((await call(proxy.lines[0] ?? '', '/joor/v4/orders')).status).toBe(200);
    const third = await home.run(['proxy', 'joor', '--listen', `unix:${place}`]);
    expect(third).toMatchObject({ code: 2, stderr: expect.stringContaining('EADDRINUSE') });
    expect((await call(proxy.lines[0] ?? '', '/joor/v4/orders')).status).toBe(200);
  });

  test('a refused request is sent again, with its body; a long one is handed on as it came', async () => {
    await using proxy = await home.listening(['proxy', 'joor']);
    const [address = ''] = proxy.lines;
    await call(address, '/joor/v4/orders');
    emulator.joor.revokeAccessTokens();
    const short = await call(address, '/joor/v4/orders', { method: 'POST', body: 'short' });
    expect([short.status, JSON.parse(short.body).body]).toEqual([200, 'short']);
    emulator.joor.revokeAccessTokens();
    const long = await call(address, '/joor/v4/orders', { method: 'POST', body: 'x'.repeat(1_100_000) });
    expect(long.status).toBe(401);
    expect((await call(address, '/joor/v4/orders')).status).toBe(200);
  });

  test.each([
    ['a long body', `Content-Length: ${20_000_000}\r\n\r\n${'x'.repeat(20_000_000)}`],
    [
      'a body of unknown length',
      `Transfer-Encoding: chunked\r\n\r\n${`ffff\r\n${'x'.repeat(0xff_ff)}\r\n`.repeat(300)}0\r\n\r\n`,
    ],
  ])('who sends %s before reading gets the refusal, and goes on with the connection', async (_, body) => {
    await using proxy = await home.listening(['proxy', 'joor']);
    const [address = ''] = proxy.lines;
    await call(address, '/joor/v4/orders');
    emulator.joor.revokeAccessTokens();
    const post = `POST /joor/v4/orders HTTP/1.1\r\nHost: localhost\r\n`;
    const last = 'GET /joor/v4/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    expect(await sentThenRead(address, post + body + last)).toEqual(['401', '200']);
    emulator.joor.revokeAccessTokens();
    expect(await sentThenRead(address, `${post}Connection: close\r\n${body}`)).toEqual(['401']);
  });

  test('who stops sending at a refusal gets it to its end', async () => {
    await using proxy = await home.listening(['proxy', 'joor']);
    const [address = ''] = proxy.lines;
    await call(address, '/joor/v4/orders');
    emulator.joor.revokeAccessTokens();
    const outgoing = httpRequest({
      socketPath: address.slice('unix:'.length),
      path: '/joor/v4/orders',
      method: 'POST',
      headers: { 'content-length': 20_000_000 },
    });
    outgoing.on('error', () => {}).write('x'.repeat(2_000_000));
    const [incoming] = await once(outgoing, 'response');
    await text(incoming);
    expect(incoming.statusCode).toBe(401);
    outgoing.destroy();
  });

  test('on a port it wants its key, its own Host, and no web page', async () => {
    await using proxy = await home.listening(['proxy', 'joor', '--listen', '127.0.0.1:0'], 2);
    const [address = '', keyLine] = proxy.lines;
    const headers = keyOf(keyLine);
    const path = '/joor/v4/orders';
    expect((await call(address, path, { headers })).status).toBe(200);
    const refused = [
      {},
      { 'x-auth-key': 'a guess' },
      // As long as the key in letters, longer in bytes.
      { 'x-auth-key': 'é'.repeat(32) },
      { ...headers, host: 'rebound.example' },
      { ...headers, origin: 'https://page.example' },
      { ...headers, 'sec-fetch-site': 'cross-site' },
    ];
    for (const each of refused) expect((await call(address, path, { headers: each })).status).toBe(403);
    expect(emulator.joor.ledger.apiCallsAccepted).toBe(1);
  });

  test('without a token nothing is forwarded', async () => {
    using wrong = new Home(emulator, { JOOR_PASSWORD: 'mistyped' });
    await using proxy = await wrong.listening(['proxy', 'joor']);
    const answer = await call(proxy.lines[0] ?? '', '/joor/v4/orders');
    expect(answer.status).toBe(502);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer.body)).toMatchObject({ title: 'there is no token' });
    expect(emulator.joor.ledger).toMatchObject({ apiCallsAccepted: 0, apiCallsRejected: 0 });
  });

  test('a redirect within the API stays within the proxy, one elsewhere is handed on', async () => {
    await using proxy = await home.listening(['proxy', 'joor', '--listen', '127.0.0.1:0', '--key-in-path']);
    const [address = ''] = proxy.lines;
    const redirect = async (location: string): Promise<unknown> => {
      emulator.joor.answerNext({ on: 'api', status: 302, headers: { location } });
      return (await call(address, '/joor/v4/orders')).headers['location'];
    };
    expect(await redirect(`${emulator.url}/joor/v4/other`)).toBe(`${address}/joor/v4/other`);
    expect(await redirect('/joor/v4/other?page=2')).toBe(`${address}/joor/v4/other?page=2`);
    expect(await redirect('https://elsewhere.example/')).toBe('https://elsewhere.example/');
  });

  test('a 304 that names the length of what it leaves out is handed on', async () => {
    const api = createServer((_request, response) => {
      response.socket?.end('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 123\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await once(api, 'listening');
    const target = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const variables = { JOOR_ALLOWED_ORIGINS: `${emulator.url} ${target}` };
    using other = new Home(emulator, variables);
    await using proxy = await other.listening(['proxy', 'joor', '--target', target]);
    const { status, headers } = await call(proxy.lines[0] ?? '', '/');
    expect([status, headers['etag']]).toEqual([304, '"a"']);
    api.close();
  });

  test('SIGUSR1 neither ends it nor opens a debugger', async () => {
    await using proxy = await home.listening(['proxy', 'joor']);
    const { program } = proxy;
    let said = '';
    program.stderr?.on('data', (chunk: Buffer) => (said += chunk));
    program.kill('SIGUSR1');
    expect((await call(proxy.lines[0] ?? '', '/joor/v4/orders')).status).toBe(200);
    expect(await proxy.stop()).toBe(0);
    expect(said).toBe('');
  });

  test('a signal waits for a request under way, and a second one for nothing', async () => {
    const seen = Promise.withResolvers<void>();
    await using api = await startApi(() => seen.resolve());
    using far = new Home(emulator, { JOOR_ALLOWED_ORIGINS: api.origin });
    await using proxy = await far.listening(['proxy', 'joor', '--target', api.origin]);
    const socketPath = (proxy.lines[0] ?? '').slice('unix:'.length);
    httpRequest({ socketPath, path: '/slow' })
      .on('error', () => {})
      .end();
    await seen.promise;
    const ended = once(proxy.program, 'exit');
    proxy.program.kill('SIGTERM');
    await vi.waitFor(() => expect(statSync(socketPath, { throwIfNoEntry: false })).toBeUndefined(), 10_000);
    expect(proxy.program.exitCode).toBeNull();
    proxy.program.kill('SIGTERM');
    expect(await ended).toEqual([143, null]);
    expect(statSync(dirname(socketPath), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('a WebSocket that stays open is cut off when the time for the end is over', async () => {
    const server = createServer().on('upgrade', (_, socket) => {
      socket
        .on('error', () => {})
        .write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    });
    const listening = await listen(server, {
      listen: `unix:${join(home.path, 'socket')}`,
      isKeyInPath: false,
    });
    const outgoing = httpRequest({
      socketPath: join(home.path, 'socket'),
      headers: { connection: 'Upgrade', upgrade: 'websocket' },
    }).end();
    const [, socket] = await once(outgoing, 'upgrade');
    const cut = once(socket.resume(), 'close');
    await listening.close(10);
    await cut;
  });

  test('CONNECT is refused, and says why', async () => {
    await using proxy = await home.listening(['proxy', 'joor', '--listen', '127.0.0.1:0', '--key-in-path']);
    const { hostname, port } = new URL(proxy.lines[0] ?? '');
    const outgoing = httpRequest({ host: hostname, port, method: 'CONNECT', path: 'api.example:443' }).end();
    const [incoming] = await once(outgoing, 'connect');
    expect(incoming.statusCode).toBe(405);
  });

  test.each([
    'CONNECT api.example:443 HTTP/1.1\r\nHost: api.example\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ])('who goes away after %j ends nothing but that', async (request) => {
    await using proxy = await home.listening(['proxy', 'joor', '--listen', '127.0.0.1:0', '--key-in-path']);
    const { port } = new URL(proxy.lines[0] ?? '');
    for (let turn = 0; turn < 10; turn++) {
      const socket = connect(Number(port), '127.0.0.1');
      await new Promise<void>((resolve) => socket.write(request, () => resolve()));
      socket.resetAndDestroy();
    }
    expect((await call(proxy.lines[0] ?? '', '/joor/v4/orders')).status).toBe(200);
    expect(await proxy.stop()).toBe(0);
  });

  test('a client that goes away ends the request at the API', async () => {
    const seen = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    await using api = await startApi((response) => {
      seen.resolve();
      response.once('close', ended.resolve);
      response.write('the beginning');
    });
    using far = new Home(emulator, { JOOR_ALLOWED_ORIGINS: api.origin });
    await using proxy = await far.listening(['proxy', 'joor', '--target', api.origin]);
    const socketPath = (proxy.lines[0] ?? '').slice('unix:'.length);
    const outgoing = httpRequest({ socketPath, path: '/slow' }).on('error', () => {});
    outgoing.end();
    await seen.promise;
    outgoing.destroy();
    await ended.promise;
  });

  test('a WebSocket opens with a token, and with another after a refusal', async () => {
    const sockets = new WebSocketServer({ noServer: true });
    const api = createServer().on('upgrade', async (request, socket, head) => {
      const { authorization = '' } = request.headers;
      // The emulator knows whether the token lives.
      const { ok } = await fetch(emulator.joor.apiUrl, { headers: { authorization } });
      if (!ok) return void socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
      sockets.handleUpgrade(request, socket, head, (open) =>
        open.on('message', (data) => open.send(`echo ${data}`)),
      );
    });
    await once(api.listen(0, '127.0.0.1'), 'listening');
    const origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    using far = new Home(emulator, { JOOR_ALLOWED_ORIGINS: origin });
    const args = ['proxy', 'joor', '--target', origin, '--listen', '127.0.0.1:0', '--key-in-path'];
    await using proxy = await far.listening(args);
    const echo = async (): Promise<string> => {
      const socket = new WebSocket(`${proxy.lines[0]?.replace('http', 'ws')}/live`);
      await once(socket, 'open');
      socket.send('hello');
      const [data] = await once(socket, 'message');
      socket.terminate();
      return String(data);
    };
    expect(await echo()).toBe('echo hello');
    emulator.joor.revokeAccessTokens();
    expect(await echo()).toBe('echo hello');
    expect(emulator.joor.ledger.logins).toBe(2);
    api.closeAllConnections();
    api.close();
    sockets.close();
  });
});

describe('auth proxy and upgrades', () => {
  /** An API that knows no upgrades but one that it never answers, and what came to it. */
  async function openApi() {
    const bodies: string[] = [];
    const waiting = new Set<unknown>();
    const api = createServer(async (request, response) => {
      bodies.push(await text(request));
      response.write('got ');
      response.end(bodies.at(-1));
    }).on('upgrade', ({ url }, socket) => {
      waiting.add(socket);
      socket.once('close', () => waiting.delete(socket)).on('error', () => {});
      socket.once('end', () => socket.destroy()).resume();
      if (url === '/refused')
        socket.write('HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngone\r\n0\r\n\r\n');
      if (url === '/dies') {
        socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nhalf');
        setImmediate(() => socket.destroy());
      }
    });
    await once(api.listen(0, '127.0.0.1'), 'listening');
    const origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const far = new Home(emulator, { JOOR_ALLOWED_ORIGINS: origin });
    const args = ['proxy', 'joor', '--target', origin, '--listen', '127.0.0.1:0', '--key-in-path'];
    const proxy = await far.listening(args);
    return {
      bodies,
      waiting,
      address: proxy.lines[0] ?? '',
      [Symbol.asyncDispose]: async () => {
        await proxy[Symbol.asyncDispose]();
        far[Symbol.dispose]();
        api.closeAllConnections();
        for (const socket of waiting) (socket as Socket).destroy();
        api.close();
      },
    };
  }

  test('what curl --http2 and Java ask for with each request is an ordinary request', async () => {
    await using scene = await openApi();
    const curl = promisify(execFile);
    const sent = async (...args: string[]) =>
      (await curl('curl', ['-sS', '--max-time', '5', '--http2', ...args, `${scene.address}/orders`])).stdout;
    expect(await sent()).toBe('got ');
    expect(await sent('--data', 'hello')).toBe('got hello');
    expect(scene.bodies).toEqual(['', 'hello']);
  });

  test('an answer in place of a WebSocket arrives whole, and one that breaks off ends the connection', async () => {
    await using scene = await openApi();
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket' };
    const { status, body } = await call(scene.address, '/refused', { headers: upgrade });
    expect({ status, body }).toEqual({ status: 404, body: 'gone' });
    await expect(call(scene.address, '/dies', { headers: upgrade })).rejects.toThrow('aborted');
  });

  test.each([
    ['resets', (socket: Socket) => void socket.resetAndDestroy()],
    ['is killed', (socket: Socket) => void socket.destroy()],
    ['ends its half', (socket: Socket) => void socket.end()],
  ])('a client that %s before the answer leaves no connection, and the program ends', async (_, leave) => {
    await using scene = await openApi();
    const { port, pathname } = new URL(scene.address);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `GET ${pathname}/slow HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    await vi.waitFor(() => expect(scene.waiting.size).toBe(1), 10_000);
    leave(socket);
    await vi.waitFor(() => expect(scene.waiting.size).toBe(0), 10_000);
  });

  test('a streamed request gets the refusal of the API where no other token is to be had', async () => {
    await using api = await startApi((response, request) => {
      request.resume().once('end', () => response.writeHead(401).end('no'));
    });
    using far = new Home(emulator, { JOOR_ALLOWED_ORIGINS: api.origin });
    await using proxy = await far.listening(['proxy', 'joor', '--target', api.origin]);
    await far.run(['token', 'joor']);
    emulator.joor.answerNext({ status: 503, times: 9 });
    const [address = ''] = proxy.lines;
    const sent = (body: string) => call(address, '/upload', { method: 'POST', body });
    expect(await sent('x'.repeat(2_000_000))).toMatchObject({ status: 401, body: 'no' });
    expect(await sent('short')).toMatchObject({ status: 502 });
  });

  test('what comes slowly, in a body of unknown length, is not held back', async () => {
    const heard = Promise.withResolvers<string>();
    await using api = await startApi((response, request) => {
      request.once('data', (data: Buffer) => heard.resolve(data.toString()));
      request.once('end', () => response.end('thanks'));
    });
    using far = new Home(emulator, { JOOR_ALLOWED_ORIGINS: api.origin });
    await using proxy = await far.listening(['proxy', 'joor', '--target', api.origin]);
    const socketPath = (proxy.lines[0] ?? '').slice('unix:'.length);
    const outgoing = httpRequest({ socketPath, path: '/log', method: 'POST' });
    outgoing.write('a line');
    expect(await heard.promise).toBe('a line');
    const answered = once(outgoing, 'response');
    outgoing.end('another');
    expect(await text((await answered)[0])).toBe('thanks');
  });

  test('a query may follow the key at once', async () => {
    await using proxy = await home.listening(['proxy', 'joor', '--listen', '127.0.0.1:0', '--key-in-path']);
    const { origin, pathname } = new URL(proxy.lines[0] ?? '');
    expect((await call(origin, `${pathname}?page=1`)).status).not.toBe(403);
  });

  test.each(['https://api.example.com/v4', 'https://api.example.com/?v=4', 'ftp://api.example.com', 'api'])(
    'the target %s is no origin',
    async (target) => {
      const { code, stderr } = await home.run(['proxy', 'joor', '--target', target]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('without a path') });
    },
  );

  test('a refusal without end does not hold up the replay', async () => {
    await using api = await startApiThatRefusesOnce();
    using far = new Home(emulator, { JOOR_ALLOWED_ORIGINS: api.origin });
    await using proxy = await far.listening(['proxy', 'joor', '--target', api.origin]);
    expect(await call(proxy.lines[0] ?? '', '/orders')).toMatchObject({ status: 200, body: 'now' });
  });
});

describe('auth serve', () => {
  test('answers as metadata servers do', async () => {
    await using server = await home.listening(['serve', '--listen', '127.0.0.1:0'], 2);
    const [address = '', keyLine] = server.lines;
    const headers = { ...keyOf(keyLine), metadata: 'true' };
    const answer = await call(address, '/token/joor', { headers });
    expect(JSON.parse(answer.body)).toMatchObject({ token: expect.any(String), type: 'Bearer' });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect((await call(address, '/token/jo%6Fr', { headers })).status).toBe(200);
    expect((await call(address, '/token/%ff', { headers })).status).toBe(404);
    expect((await call(address, '/token/nobody', { headers })).status).toBe(404);
    expect((await call(address, '/', { headers })).status).toBe(404);
    expect((await call(address, '/token/joor', { headers: keyOf(keyLine) })).status).toBe(400);
    expect((await call(address, '/token/joor', { headers: { metadata: 'true' } })).status).toBe(403);
    expect(emulator.joor.ledger.logins).toBe(1);
  });

  test('says what is wrong with an account', async () => {
    const config = join(home.path, 'auth.config.mjs');
    writeFileSync(config, "export default { x: () => { throw new Error('X_PASSWORD is not set'); } };");
    await using server = await home.listening(['serve', '--config', config]);
    const answer = await call(server.lines[0] ?? '', '/token/x', { headers: { metadata: 'true' } });
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({
      title: 'there is no token',
      detail: expect.stringContaining('x: X_PASSWORD is not set'),
    });
  });

  test('takes a socket in a folder of the user’s own, and no other', async () => {
    const ended = await home.run(['serve', '--listen', 'unix:/tmp/auth-socket']);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    await using server = await home.listening(['serve', '--listen', `unix:${join(home.path, 'socket')}`]);
    const answer = await call(server.lines[0] ?? '', '/token/joor', { headers: { metadata: 'true' } });
    expect(answer.status).toBe(200);
  });
});
