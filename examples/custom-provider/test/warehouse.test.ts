import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authProviderSuite } from '@auth/testing/conformance';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as byHand from '../src/warehouse.js';
import * as byKit from '../src/warehouse-by-kit.js';

/** The warehouse's server, as small as it can be. */
const spendable = new Set<string>();
let issued = 0;
let server: Server;
let baseUrl: string;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const fields = JSON.parse(Buffer.concat(parts).toString() || '{}');
    const isGood =
      request.url === '/login' ? fields.password === 'right-password' : spendable.delete(fields.renewal);
    const isApi = request.url === '/stock';
    const status = isApi
      ? request.headers.authorization === `Bearer token-${issued}`
        ? 200
        : 401
      : isGood
        ? 200
        : 401;
    if (status === 200 && !isApi) spendable.add(`renewal-${++issued}`);
    const tokens = { token: `token-${issued}`, renewal: `renewal-${issued}`, seconds: 600 };
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(status === 200 ? (isApi ? { boxes: 7 } : tokens) : { denied: true }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe.each([
  ['core alone', byHand],
  ['the kit', byKit],
])('a provider on %s', (_, { warehouseProvider, createWarehouseAuth }) => {
  authProviderSuite(test, () => ({
    provider: warehouseProvider({ baseUrl, username: 'ada', password: 'right-password' }),
    refused: warehouseProvider({ baseUrl, username: 'ada', password: 'wrong-password' }),
    fetch: (input, init) => fetch(input, init),
    apiUrl: `${baseUrl}/stock`,
    lifeMs: 600_000,
    secrets: ['right-password', 'wrong-password'],
  }));

  test('a session with it calls the API', async () => {
    using warehouse = createWarehouseAuth({ baseUrl, username: 'ada', password: 'right-password' });
    expect(await (await warehouse.fetch(`${baseUrl}/stock`)).json()).toEqual({ boxes: 7 });
  });
});
