import { type AuthSession, createAuthSession, type FetchLike } from '@auth/core';
import { manualClock } from '@auth/testing/clock';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ForeignApi } from './support/foreign-api.js';
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
async function sessionWith(state: TokenState, transport: FetchLike) {
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

const abortAfterMs = 30;

const soon = (holds: () => void): Promise<void> => vi.waitFor(holds, { interval: 5 });

/** One call of a client on one fetch, and whether the server was told to stop. */
async function run(
  client: ForeignClient,
  fetch: typeof globalThis.fetch,
  name: keyof Calls,
): Promise<unknown> {
  const call = client.on(fetch, api.origin)[name] as (signal: AbortSignal) => Promise<unknown>;
  const controller = new AbortController();
  if (name === 'abort') setTimeout(() => controller.abort(), abortAfterMs);
  const outcome = await outcomeOf(() => call(controller.signal));
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
    await soon(() => expect(exchanges()).toBe(state === 'fresh' ? 1 : 2));
    expect(api.refused - before).toBe(state === 'refused' ? 1 : 0);
    await session.close();
  });
});
