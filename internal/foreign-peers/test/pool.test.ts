import { createServer, Agent as HttpAgent, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AuthProvider, type AuthSession, createAuthSession, type FetchLike } from '@auth/core';
import { authInterceptor } from '@auth/undici';
import nodeFetch3 from 'node-fetch';
import nodeFetch2 from 'node-fetch-2';
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
    } else if (incoming.url === '/moved') {
      response.writeHead(302, { location: '/after' }).end('moved');
    } else if (incoming.url === '/after') {
      response.end(incoming.headers['x-token'] === 'token-1' ? 'orders' : 'nothing');
    } else if (incoming.url === '/always-200') {
      const token = incoming.headers.authorization?.slice('Bearer '.length);
      // Without a length, in small parts: a long answer is no refusal, and is not waited for.
      const parts = token === 'token-1' ? 'token-1 is over' : 'orders'.repeat(10_000);
      for (let start = 0; start < parts.length; start += 1_000)
        response.write(parts.slice(start, start + 1_000));
      response.end();
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
let nodeAgent: HttpAgent;
let provider: AuthProvider;

beforeEach(async () => {
  origin = await new Origin().start();
  agent = new Agent({ connections });
  nodeAgent = new HttpAgent({ keepAlive: true, maxSockets: connections });
  provider = {
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
});

afterEach(async () => {
  await agent.destroy();
  nodeAgent.destroy();
  await origin[Symbol.asyncDispose]();
});

type Fetch = (input: string, init: object) => Promise<unknown>;

/** What a program lets the session use, on a pool of its own. */
const transports: Readonly<Record<string, Fetch>> = {
  'undici’s fetch': (input, init) => undiciFetch(input, { ...init, dispatcher: agent }),
  'node-fetch 3': (input, init) => nodeFetch3(input, { ...init, agent: nodeAgent }),
  'node-fetch 2': (input, init) => nodeFetch2(input, { ...init, agent: nodeAgent }),
};

const viaFetch = async (session: AuthSession): Promise<string> =>
  (await session.fetch(`${origin.url}/orders`)).text();

const viaInterceptor = async (session: AuthSession): Promise<string> => {
  const dispatcher = agent.compose(authInterceptor(session));
  return (await request(`${origin.url}/orders`, { dispatcher })).body.text();
};

const clients: readonly (readonly [string, Fetch, (session: AuthSession) => Promise<string>])[] = [
  ...Object.entries(transports).map(([name, fetch]) => [`auth.fetch over ${name}`, fetch, viaFetch] as const),
  ['authInterceptor', transports['undici’s fetch'] as Fetch, viaInterceptor],
];

describe.each(clients)('a pool of ten connections under %s', (_, transport, call) => {
  test.for([30, 60_000, 1_048_576, Number.POSITIVE_INFINITY])(
    'ten callers refused at once on the origin that also serves tokens: refusals of %d bytes',
    { tags: ['fault-91', 'fault-100'] },
    async (bytes, { skip }) => {
      if (transport === transports['node-fetch 2'] && bytes > 65_536)
        return skip('it cannot cancel an answer');
      origin.refusalBytes = bytes;
      using session = createAuthSession(provider, { fetch: transport as FetchLike });
      await session.getTokens();
      const answers = await Promise.all(Array.from({ length: connections }, () => call(session)));
      expect(answers).toEqual(Array.from({ length: connections }, () => 'orders'));
      expect(origin.issued).toBe(2);
    },
  );
});

describe.each(Object.entries(transports))('%s', (_, transport) => {
  test('a redirect within the allowed origins is followed', { tags: ['fault-100'] }, async () => {
    using session = createAuthSession(
      {
        ...provider,
        tokenHeaders: ['x-token'],
        authorize: (headers, { accessToken }) => headers.set('x-token', accessToken),
      },
      { fetch: transport as FetchLike },
    );
    const answer = await session.fetch(`${origin.url}/moved`);
    expect([answer.status, answer.redirected, await answer.text()]).toEqual([200, true, 'orders']);
  });

  test('a body that refuses the token is read, and the caller gets its own', {
    tags: ['fault-100'],
  }, async () => {
    const isBodyRejected: NonNullable<AuthProvider['isBodyRejected']> = {
      test: ({ status }) => status === 200,
      read: (text) => text === 'token-1 is over',
    };
    using session = createAuthSession({ ...provider, isBodyRejected }, { fetch: transport as FetchLike });
    expect(await (await session.fetch(`${origin.url}/always-200`)).text()).toBe('orders'.repeat(10_000));
    expect(origin.issued).toBe(2);
  });
});
