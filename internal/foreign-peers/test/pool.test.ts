import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AuthProvider, type AuthSession, createAuthSession, type FetchLike } from '@auth/core';
import { authInterceptor } from '@auth/undici';
import { Agent, request, fetch as undiciFetch } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const connections = 10;

/** One origin for the API and its tokens. A refusal has a body of this many bytes, or one without end. */
class Origin {
  issued = 0;
  refusalBytes = 30;
  readonly #server: Server = createServer((incoming, response) => {
    if (incoming.url === '/token') {
      response.end(JSON.stringify({ access_token: `token-${++this.issued}` }));
    } else if (incoming.headers.authorization === `Bearer token-${this.issued}` && this.issued > 1) {
      response.end('orders');
    } else {
      response.writeHead(401);
      this.#refuse(response);
    }
  });

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #refuse(response: ServerResponse): void {
    if (Number.isFinite(this.refusalBytes)) response.end(Buffer.alloc(this.refusalBytes));
    else response.write('a body without end');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let origin: Origin;
let agent: Agent;
let session: AuthSession;

beforeEach(async () => {
  origin = await new Origin().start();
  agent = new Agent({ connections });
  const transport = ((input: string, init: object) =>
    undiciFetch(input, { ...init, dispatcher: agent })) as unknown as FetchLike;
  const provider: AuthProvider = {
    name: 'one-origin',
    issuer: origin.url,
    account: 'ada',
    allowedOrigins: [origin.url],
    prepareLogin: () => ({
      secrets: ['correct horse'],
      login: async ({ fetch, signal }) => {
        const answer = await fetch(`${origin.url}/token`, { method: 'POST', signal });
        return { accessToken: ((await answer.json()) as { access_token: string }).access_token };
      },
    }),
  };
  session = createAuthSession(provider, { fetch: transport });
});

afterEach(async () => {
  session.dispose();
  await agent.destroy();
  await origin[Symbol.asyncDispose]();
});

const clients: readonly (readonly [string, () => Promise<string>])[] = [
  ['auth.fetch', async () => (await session.fetch(`${origin.url}/orders`)).text()],
  [
    'authInterceptor',
    async () => {
      const dispatcher = agent.compose(authInterceptor(session));
      return (await request(`${origin.url}/orders`, { dispatcher })).body.text();
    },
  ],
];

describe.each(clients)('a pool of ten connections under %s', (_, call) => {
  test.each([30, 1_048_576, Number.POSITIVE_INFINITY])(
    'ten callers refused at once on the origin that also serves tokens: refusals of %d bytes',
    { tags: ['fault-91'] },
    async (bytes) => {
      origin.refusalBytes = bytes;
      await session.getTokens();
      const answers = await Promise.all(Array.from({ length: connections }, call));
      expect(answers).toEqual(Array.from({ length: connections }, () => 'orders'));
      expect(origin.issued).toBe(2);
    },
  );
});
