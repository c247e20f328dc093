import type { AuthSession } from '@auth/core';
import { createPasswordRefreshAuth } from '@auth/password-refresh';
import { manualClock } from '@auth/testing/clock';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import axios from 'axios';
import { GraphQLClient } from 'graphql-request';
import ky from 'ky';
import nodeFetch3 from 'node-fetch';
import nodeFetch2 from 'node-fetch-2';
import createClient from 'openapi-fetch';
import { FormData as UndiciFormData, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

/** The request as the API received it. */
interface Echo {
  readonly method: string;
  readonly type: string;
  readonly body: string;
}

/** A third-party client on our fetch. */
interface Client {
  get(url: string): Promise<Echo>;
  post(url: string, json: object): Promise<Echo>;
  /** Absent: the client cannot upload. */
  upload?(url: string, form: FormData): Promise<Echo>;
  abort(url: string, signal: AbortSignal): Promise<unknown>;
}

type Transport = NonNullable<Parameters<typeof createPasswordRefreshAuth>[0]['fetch']>;

/** The session's fetch, used without a client. */
function bare(fetch: AuthSession['fetch']): Client {
  return {
    get: async (url) => (await (await fetch(url)).json()) as Echo,
    post: async (url, json) => {
      const headers = { 'content-type': 'application/json' };
      return (await (
        await fetch(url, { method: 'POST', body: JSON.stringify(json), headers })
      ).json()) as Echo;
    },
    abort: (url, signal) => fetch(url, { signal }),
  };
}

/** Sends a form as the FormData of another library. */
async function sendForm(
  fetch: AuthSession['fetch'],
  url: string,
  form: FormData,
  Form: new () => { append(name: string, value: string | Blob, fileName?: string): void },
): Promise<Echo> {
  const own = new Form();
  for (const [name, value] of form) {
    if (typeof value === 'string') own.append(name, value);
    else own.append(name, value, value.name);
  }
  return (await (await fetch(url, { method: 'POST', body: own as never })).json()) as Echo;
}

const clients: Readonly<Record<string, { transport?: Transport; on(fetch: AuthSession['fetch']): Client }>> =
  {
    ky: {
      on: (fetch) => {
        const api = ky.create({ fetch, retry: 0 });
        return {
          get: (url) => api.get(url).json(),
          post: (url, json) => api.post(url, { json }).json(),
          upload: (url, body) => api.post(url, { body }).json(),
          abort: (url, signal) => api.get(url, { signal }),
        };
      },
    },
    'openapi-fetch': {
      on: (fetch) => {
        const call = async (url: string, init: object): Promise<Echo> => {
          const { origin, pathname } = new URL(url);
          const api = createClient<Record<string, never>>({
            baseUrl: origin,
            fetch: (request) => fetch(request),
          });
          const { data } = await (
            api as never as { request(method: string, path: string, init: object): Promise<{ data: Echo }> }
          ).request((init as { method: string }).method, pathname, init);
          return data;
        };
        return {
          get: (url) => call(url, { method: 'get' }),
          post: (url, body) => call(url, { method: 'post', body }),
          upload: (url, body) =>
            call(url, { method: 'post', body, bodySerializer: (form: FormData) => form }),
          abort: (url, signal) => call(url, { method: 'get', signal }),
        };
      },
    },
    axios: {
      on: (fetch) => {
        const api = axios.create({ adapter: 'fetch', env: { fetch, Request, Response } as never });
        return {
          get: async (url) => (await api.get(url)).data,
          post: async (url, json) => (await api.post(url, json)).data,
          upload: async (url, form) => (await api.postForm(url, form)).data,
          abort: (url, signal) => api.get(url, { signal }),
        };
      },
    },
    'graphql-request': {
      on: (fetch) => ({
        get: async (url) =>
          (await new GraphQLClient(url, { fetch, method: 'GET' }).request<{ echo: Echo }>('query { echo }'))
            .echo,
        post: async (url, json) =>
          (await new GraphQLClient(url, { fetch }).request<{ echo: Echo }>('mutation { echo }', json)).echo,
        abort: (url, signal) => new GraphQLClient(url, { fetch, signal }).request('query { echo }'),
      }),
    },
    'undici’s fetch beneath': {
      transport: undiciFetch as never,
      // undici's fetch accepts its own FormData only, not the platform's.
      on: (fetch) => ({ ...bare(fetch), upload: (url, form) => sendForm(fetch, url, form, UndiciFormData) }),
    },
    'node-fetch 3 beneath': {
      transport: nodeFetch3 as never,
      on: (fetch) => ({ ...bare(fetch), upload: (url, form) => sendForm(fetch, url, form, FormData) }),
    },
    'node-fetch 2 beneath': { transport: nodeFetch2 as never, on: bare },
  };

describe.each(Object.entries(clients))('%s', (_, { transport, on }) => {
  const clock = manualClock(Date.now());
  let emulator: RunningEmulator;
  let session: AuthSession;
  let client: Client;

  beforeAll(async () => {
    const echo = async (request: Request): Promise<Response> => {
      const { method, headers } = request;
      const type = headers.get('content-type') ?? '';
      const seen: Echo = { method, type, body: await request.text() };
      return Response.json({ ...seen, data: { echo: seen } });
    };
    emulator = await startEmulator({ clock, api: { passwordRefresh: echo } });
  });
  afterAll(() => emulator.close());
  beforeEach(async () => {
    emulator.passwordRefresh.reset();
    session = createPasswordRefreshAuth({
      ...emulator.passwordRefresh.options,
      clock,
      fetch: transport,
    }) as AuthSession;
    client = on(session.fetch);
    await session.getTokens();
  });

  const ends: readonly (readonly [string, () => void])[] = [
    ['across an expiry', () => clock.jump(24 * 3_600_000)],
    ['across a 401', () => emulator.passwordRefresh.revokeAccessTokens()],
  ];

  describe.each(ends)('%s', (__, end) => {
    const url = (): string => emulator.passwordRefresh.apiUrl;
    const exchanges = (): number => emulator.passwordRefresh.ledger.tokenCalls;

    test('GET', async () => {
      end();
      expect(await client.get(url())).toMatchObject({ method: 'GET' });
      expect(exchanges()).toBe(2);
    });

    test('POST of JSON: the body arrives whole', async () => {
      end();
      const echo = await client.post(url(), { text: 'ünïcödé', list: [1, 2] });
      expect(echo).toMatchObject({ method: 'POST', type: expect.stringContaining('application/json') });
      expect(echo.body).toContain('ünïcödé');
      expect(exchanges()).toBe(2);
    });

    test('a multipart upload: every part arrives', async ({ skip }) => {
      if (client.upload === undefined) return skip('it has no uploads');
      end();
      const form = new FormData();
      form.set('name', 'report');
      form.set('file', new Blob(['line 1\nline 2'], { type: 'text/plain' }), 'report.txt');
      const echo = await client.upload(url(), form);
      expect(echo.type).toContain('multipart/form-data; boundary=');
      for (const part of ['report.txt', 'line 1\nline 2', 'name="name"']) expect(echo.body).toContain(part);
      expect(exchanges()).toBe(2);
    });

    test('an aborted call ends, and the next call uses the exchange it began', async () => {
      end();
      emulator.passwordRefresh.set({ delayBeforeCommitMs: 1_000 });
      const controller = new AbortController();
      const outcome = client.abort(url(), controller.signal).then(
        () => 'answered',
        (error: Error) =>
          /abort|cancel/i.test(`${error.name} ${error.message}`) ? 'aborted' : String(error),
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      controller.abort();
      expect(await outcome).toBe('aborted');
      const next = client.get(url());
      await clock.advance(2_000);
      expect(await next).toMatchObject({ method: 'GET' });
      expect(exchanges()).toBe(2);
    });
  });
});
