import { type AuthSession, createAuthSession, type FetchLike, type Transport } from '@auth/core';
import { manualClock } from '@auth/testing/clock';
import ky from 'ky';
import nodeFetch3 from 'node-fetch';
import nodeFetch2 from 'node-fetch-2';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Echo, ForeignApi } from './support/foreign-api.js';
import { type Calls, type ForeignClient, foreignClients } from './support/foreign-clients.js';

const hourMs = 3_600_000;
let api: ForeignApi;
beforeAll(async () => {
  api = await new ForeignApi().start();
});
afterAll(() => api[Symbol.asyncDispose]());

type TokenState = 'fresh' | 'expired' | 'refused';

/** Plain fetch with the good token, as callers write it who have one. */
function plain(transport: FetchLike): typeof fetch {
  return (input, init = {}) => {
    const token = `Bearer ${api.good}`;
    if (transport !== fetch) {
      const headers = { ...Object.fromEntries(new Headers(init.headers)), authorization: token };
      return transport(input as string, { ...init, headers });
    }
    const request = new Request(input, init);
    request.headers.set('authorization', token);
    return fetch(request);
  };
}

/** A session whose token is in that state. */
async function sessionWith(state: TokenState, transport: Transport) {
  const clock = manualClock(Date.now());
  let exchanges = 0;
  const issue = async () => {
    api.good = `token-${++exchanges}`;
    return { accessToken: api.good, refreshToken: `refresh-${exchanges}`, expiresInMs: hourMs };
  };
  const session: AuthSession = createAuthSession(
    {
      name: 'compared',
      issuer: 'https://auth.example.com',
      account: 'ada',
      allowedOrigins: [api.origin],
      prepareLogin: () => ({ secrets: ['x'], login: issue }),
      refresh: issue,
    },
    { clock, fetch: transport },
  );
  await session.getTokens();
  if (state === 'expired') clock.jump(2 * hourMs);
  if (state === 'refused') api.good = 'of nobody';
  return { session, exchanges: () => exchanges };
}

/** How a call ends, in a form that can be compared. */
async function outcomeOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    const value = await work();
    return value instanceof Response ? { status: value.status } : { value };
  } catch (error) {
    const { name, message, code, status } = error as Error & { code?: unknown; status?: unknown };
    return { name, message, code, status };
  }
}

const soon = (holds: () => void): Promise<void> => vi.waitFor(holds, { interval: 5, timeout: 10_000 });

/** One call of a client on one fetch, and whether the server was told to stop. */
async function run(
  client: ForeignClient,
  fetch: typeof globalThis.fetch,
  name: keyof Calls,
): Promise<unknown> {
  const call = client.on(fetch, api.origin)[name] as (signal: AbortSignal) => Promise<unknown>;
  const controller = new AbortController();
  const ending = outcomeOf(() => call(controller.signal));
  if (name === 'abort') {
    await soon(() => expect(api.held).toBe(1));
    controller.abort();
  }
  const outcome = await ending;
  if (name === 'abort' || name === 'timeout') await soon(() => expect(api.held).toBe(0));
  return outcome;
}

const names: readonly (keyof Calls)[] = ['json', 'upload', 'stream', 'sendStream', 'abort', 'timeout'];

describe.each(Object.entries(foreignClients))('%s', (_, client) => {
  const transport: FetchLike = client.transport ?? fetch;
  const able = names.filter((name) => client.on(fetch, 'http://127.0.0.1')[name] !== undefined);
  const cells = able.flatMap((name) =>
    (['fresh', 'expired', 'refused'] as const).map((state) => [name, state] as const),
  );

  const outcomes = new Map<keyof Calls, Promise<unknown>>();
  const asPlainFetch = (name: keyof Calls): Promise<unknown> => {
    api.good = 'plain';
    const outcome = outcomes.get(name) ?? run(client, plain(transport), name);
    outcomes.set(name, outcome);
    return outcome;
  };

  test.each(cells)('%s with a token that is %s: as with plain fetch', async (name, state) => {
    const expected = await asPlainFetch(name);
    if (name === 'abort' || name === 'timeout')
      expect(JSON.stringify(expected)).toMatch(/abort|cancel|time(d )?out/i);
    else expect(expected).toHaveProperty('value');
    const { session, exchanges } = await sessionWith(state, transport);
    const before = api.refused;
    const outcome = await run(client, session.fetch, name);
    // A stream can be read once: the API's refusal is the answer. Of a Request the session has a copy.
    const isRead = name === 'sendStream' && state === 'refused' && !client.givesRequests;
    if (isRead) expect(JSON.stringify(outcome)).toContain('401');
    else expect(outcome).toEqual(expected);
    // On a busy machine the time may be over before the API was reached.
    if (name !== 'timeout') {
      await soon(() => expect(exchanges()).toBe(state === 'fresh' ? 1 : 2));
      expect(api.refused - before).toBe(state === 'refused' ? 1 : 0);
    }
    await session.close();
  });
});

/** They do not know the platform's Request, and take its text for a URL. */
const strangers: Readonly<Record<string, Transport>> = {
  'undici’s fetch': undiciFetch,
  'undici’s fetch with a dispatcher': (input, init) =>
    undiciFetch(input, { ...init, dispatcher: new Agent({ pipelining: 0 }) }),
  'node-fetch 3': nodeFetch3,
  'node-fetch 2': nodeFetch2,
};

describe.each(Object.entries(strangers))('a Request of the platform over %s', (_, transport) => {
  const states = ['fresh', 'expired', 'refused'] as const;

  test.each(states)('arrives whole, again and again, with a token that is %s', async (state) => {
    const { session, exchanges } = await sessionWith(state, transport);
    const init = { method: 'PUT', body: 'ünïcödé', headers: { 'content-type': 'text/plain' } };
    for (let call = 0; call < 2; call++) {
      const response = await session.fetch(new Request(`${api.origin}/echo`, init));
      expect(await response.json()).toEqual({ method: 'PUT', type: 'text/plain', body: 'ünïcödé' });
    }
    expect((await session.fetch(new Request(`${api.origin}/echo`))).status).toBe(200);
    expect(exchanges()).toBe(state === 'fresh' ? 1 : 2);
    await session.close();
  });

  test('sets cookies that an exchange reads apart', async () => {
    const session = createAuthSession(
      {
        name: 'cookies',
        issuer: api.origin,
        account: 'ada',
        allowedOrigins: [api.origin],
        prepareLogin: () => ({
          secrets: ['x'],
          login: async (context) => {
            const { headers } = await context.fetch(`${api.origin}/cookies`);
            return { accessToken: headers.getSetCookie().join('|').replaceAll(' ', '') };
          },
        }),
      },
      { fetch: transport },
    );
    expect(await session.getAccessToken()).toBe('sid=1;Path=/|csrf=2|route=n1');
    await session.close();
  });

  test('is what ky makes: JSON, and a form with a file', async () => {
    const { session } = await sessionWith('expired', transport);
    const client = ky.create({ fetch: session.fetch, retry: 0 });
    const json = await client.post(`${api.origin}/echo`, { json: { text: 'ünïcödé' } }).json<Echo>();
    expect(json).toEqual({ method: 'POST', type: 'application/json', body: '{"text":"ünïcödé"}' });
    const body = new FormData();
    body.set('file', new Blob(['line 1']), 'report.txt');
    const upload = await client.post(`${api.origin}/echo`, { body }).json<Echo>();
    expect(upload.body).toContain('filename="report.txt"');
    await session.close();
  });
});
