import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request, upgrade } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { authInterceptor } from '../src/index.js';
import { Api, openSession } from './support/scene.js';

let api: Api;
let agent: Agent;
beforeEach(async () => {
  api = await Api.start();
  agent = new Agent();
});
afterEach(async () => {
  await agent.destroy();
  await api[Symbol.asyncDispose]();
});

test('an upgrade carries the token', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer().on('upgrade', (message, socket) => {
    seen.push(message.headers.authorization);
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { session } = openSession([], { change: { allowedOrigins: [origin] } });
    const dispatcher = agent.compose(authInterceptor(session));
    const { headers, socket } = await upgrade(origin, { dispatcher, protocol: 'chat' });
    socket.destroy();
    expect(headers).toMatchObject({ upgrade: 'chat' });
    expect(seen).toEqual(['Bearer access-1']);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a request that is aborted while the session logs in again is not replayed', async () => {
  const secondLogin = Promise.withResolvers<void>();
  const hasStarted = Promise.withResolvers<void>();
  let logins = 0;
  const { session } = openSession([api], {
    change: {
      prepareLogin: () => ({
        secrets: ['x'],
        login: async () => {
          logins++;
          if (logins > 1) {
            hasStarted.resolve();
            await secondLogin.promise;
          }
          return { accessToken: `access-${logins}`, expiresInMs: 3_600_000 };
        },
      }),
    },
  });
  // Undici takes an emitter for a signal; the session does not, so its login goes on.
  const signal = new EventEmitter();
  const dispatcher = agent.compose(authInterceptor(session));
  const aborted = expect(request(`${api.origin}/orders`, { dispatcher, signal })).rejects.toMatchObject({
    code: 'UND_ERR_ABORTED',
  });
  await hasStarted.promise;
  signal.emit('abort');
  await aborted;
  secondLogin.resolve();
  expect(await session.getTokens()).toMatchObject({ accessToken: 'access-2' });
  expect(api.seen.map(({ status }) => status)).toEqual([401]);
});
