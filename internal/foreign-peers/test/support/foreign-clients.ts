import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import type { FetchLike } from '@auth/core';
import { Client as McpClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { request as octokit } from '@octokit/request';
import { PostgrestClient } from '@supabase/postgrest-js';
import { createTRPCClient, httpLink } from '@trpc/client';
import axios from 'axios';
import { EventSource } from 'eventsource';
import { GraphQLClient } from 'graphql-request';
import ky from 'ky';
import nodeFetch3 from 'node-fetch';
import nodeFetch2 from 'node-fetch-2';
import { ofetch } from 'ofetch';
import OpenAI, { toFile } from 'openai';
import createClient from 'openapi-fetch';
import { FormData as UndiciFormData, fetch as undiciFetch } from 'undici';
import wretch from 'wretch';
import FormDataAddon from 'wretch/addons/formData';
import ProgressAddon from 'wretch/addons/progress';

/** The platform's fetch, as clients take it. */
type Fetch = typeof fetch;

/** What a client can be asked for. Absent: it cannot do that. */
export interface Calls {
  /** A JSON body; the API's echo of it, or what the client makes of that. */
  readonly json: () => Promise<unknown>;
  /** A form with a file. */
  readonly upload?: () => Promise<unknown>;
  /** An answer that comes in parts, read as it comes. */
  readonly stream?: () => Promise<unknown>;
  /** A body that can be read once. */
  readonly sendStream?: () => Promise<unknown>;
  /** A call of an API that does not answer, which the signal ends. */
  readonly abort?: (signal: AbortSignal) => Promise<unknown>;
  /** The same, ended by the client's own limit of 60 ms. */
  readonly timeout?: () => Promise<unknown>;
}

export interface ForeignClient {
  /** What lies beneath. Default: the platform's fetch. */
  readonly transport?: FetchLike;
  /** It makes a Request for each call. */
  readonly givesRequests?: boolean;
  on(fetch: Fetch, origin: string): Calls;
}

const body = { text: 'ünïcödé', list: [1, 2] };
const text = JSON.stringify(body);
const limitMs = 60;

function formOf(Form: typeof FormData = FormData): FormData {
  const form = new Form();
  form.set('name', 'report');
  form.set('file', new Blob(['line 1\nline 2'], { type: 'text/plain' }), 'report.txt');
  return form;
}

function textStream(): ReadableStream<Uint8Array> {
  return new Blob([text]).stream() as ReadableStream<Uint8Array>;
}

async function read(stream: AsyncIterable<unknown>): Promise<string> {
  const decoder = new TextDecoder();
  let all = '';
  for await (const part of stream)
    all += typeof part === 'string' ? part : decoder.decode(part as Uint8Array, { stream: true });
  return all;
}

/** A fetch, used without a client. */
function bare(fetch: Fetch, origin: string, Form?: typeof FormData): Calls {
  const post = async (init: RequestInit): Promise<unknown> => {
    const response = await fetch(`${origin}/echo`, { method: 'POST', ...init });
    return response.ok ? response.json() : response.status;
  };
  return {
    json: () => post({ body: text, headers: { 'content-type': 'application/json' } }),
    ...(Form === undefined ? {} : { upload: () => post({ body: formOf(Form) }) }),
    stream: async () => read((await fetch(`${origin}/text`)).body as unknown as AsyncIterable<unknown>),
    abort: (signal) => fetch(`${origin}/silent`, { signal }),
    timeout: () => fetch(`${origin}/silent`, { signal: AbortSignal.timeout(limitMs) }),
  };
}

export const foreignClients: Readonly<Record<string, ForeignClient>> = {
  fetch: {
    on: (fetch, origin) => ({
      ...bare(fetch, origin, FormData),
      sendStream: async () => {
        const init = { method: 'POST', body: textStream(), duplex: 'half' };
        return (await fetch(`${origin}/echo`, init)).status;
      },
    }),
  },
  ky: {
    givesRequests: true,
    on: (fetch, origin) => {
      const api = ky.create({ fetch, retry: 0, timeout: false });
      return {
        json: () => api.post(`${origin}/echo`, { json: body }).json(),
        upload: () => api.post(`${origin}/echo`, { body: formOf() }).json(),
        stream: async () => read((await api.get(`${origin}/text`)).body as never),
        sendStream: () => api.post(`${origin}/echo`, { body: textStream() }).json(),
        abort: (signal) => api.get(`${origin}/silent`, { signal }),
        timeout: () => api.get(`${origin}/silent`, { timeout: limitMs }),
      };
    },
  },
  axios: {
    on: (fetch, origin) => {
      const api = axios.create({ adapter: 'fetch', env: { fetch, Request, Response } as never });
      return {
        json: async () => (await api.post(`${origin}/echo`, body)).data,
        upload: async () => (await api.postForm(`${origin}/echo`, formOf())).data,
        stream: async () => read((await api.get(`${origin}/text`, { responseType: 'stream' })).data),
        abort: (signal) => api.get(`${origin}/silent`, { signal }),
        timeout: () => api.get(`${origin}/silent`, { timeout: limitMs }),
      };
    },
  },
  ofetch: {
    on: (fetch, origin) => {
      const api = ofetch.create({ retry: 0 }, { fetch } as never);
      return {
        json: () => api(`${origin}/echo`, { method: 'POST', body }),
        upload: () => api(`${origin}/echo`, { method: 'POST', body: formOf() }),
        stream: async () => read((await api(`${origin}/text`, { responseType: 'stream' })) as never),
        sendStream: () => api(`${origin}/echo`, { method: 'POST', body: textStream(), duplex: 'half' }),
        abort: (signal) => api(`${origin}/silent`, { signal }),
        timeout: () => api(`${origin}/silent`, { timeout: limitMs }),
      };
    },
  },
  wretch: {
    on: (fetch, origin) => {
      const api = wretch(origin).fetchPolyfill(fetch as never);
      return {
        json: () => api.url('/echo').post(body).json(),
        upload: () => api.addon(FormDataAddon).url('/echo').formData({ name: 'report' }).post().json(),
        stream: async () => read((await api.url('/text').get().res()).body as never),
        // Its progress of an upload is a stream that counts what is read.
        sendStream: async () => {
          const progress: number[] = [];
          const counted = api.addon(ProgressAddon()).onUpload((loaded) => progress.push(loaded));
          return [await counted.url('/echo').post(body).json(), progress];
        },
        abort: (signal) => api.url('/silent').options({ signal }).get().res(),
      };
    },
  },
  'openapi-fetch': {
    on: (fetch, origin) => {
      const api = createClient<Record<string, never>>({
        baseUrl: origin,
        fetch: (request) => fetch(request),
      });
      const { request } = api as never as {
        request(method: string, path: string, init: object): Promise<{ data: unknown; error: unknown }>;
      };
      const call = async (method: string, path: string, init: object): Promise<unknown> => {
        const { data, error } = await request(method, path, init);
        return data ?? error;
      };
      return {
        json: () => call('post', '/echo', { body }),
        upload: () => call('post', '/echo', { body: formOf(), bodySerializer: (form: FormData) => form }),
        stream: async () => read((await call('get', '/text', { parseAs: 'stream' })) as never),
        abort: (signal) => call('get', '/silent', { signal }),
      };
    },
  },
  'graphql-request': {
    on: (fetch, origin) => {
      const api = new GraphQLClient(`${origin}/graphql`, { fetch });
      const silent = (signal: AbortSignal) =>
        new GraphQLClient(`${origin}/silent`, { fetch, signal }).request('query { echo }');
      return { json: () => api.request('mutation { echo }', body), abort: silent };
    },
  },
  '@apollo/client': {
    on: (fetch, origin) => {
      const open = (path: string): ApolloClient =>
        new ApolloClient({
          link: new HttpLink({ uri: `${origin}${path}`, fetch }),
          cache: new InMemoryCache(),
          defaultOptions: { query: { fetchPolicy: 'no-cache' } },
        });
      const query = gql`query Echo { echo { method type body } }`;
      return {
        json: async () => (await open('/graphql').query({ query, variables: body })).data,
        abort: (signal) => open('/silent').query({ query, context: { fetchOptions: { signal } } }),
      };
    },
  },
  '@trpc/client': {
    on: (fetch, origin) => {
      const api = createTRPCClient({
        links: [httpLink({ url: `${origin}/trpc`, fetch: fetch as never })],
      }) as never as {
        echo: { mutate(input: object, options?: object): Promise<unknown> };
      };
      const silent = createTRPCClient({
        links: [httpLink({ url: origin, fetch: fetch as never })],
      }) as never as { silent: { mutate(input: object, options: object): Promise<unknown> } };
      return {
        json: () => api.echo.mutate(body),
        abort: (signal) => silent.silent.mutate(body, { signal }),
      };
    },
  },
  'postgrest-js': {
    on: (fetch, origin) => {
      const api = new PostgrestClient(origin, { fetch });
      return {
        json: async () => {
          const { data, error, status } = await api.from('echo').insert(body).select();
          return [data, error, status];
        },
        abort: async (signal) => {
          const { error, status } = await api.from('silent').select().abortSignal(signal);
          return [error?.message, status];
        },
      };
    },
  },
  openai: {
    on: (fetch, origin) => {
      const api = new OpenAI({
        baseURL: `${origin}/v1`,
        apiKey: 'not the token',
        fetch: fetch as never,
        maxRetries: 0,
      });
      const { completions } = api.chat;
      const question = { model: 'any', messages: [{ role: 'user' as const, content: 'ünïcödé' }] };
      const silent = new OpenAI({
        baseURL: origin,
        apiKey: 'not the token',
        fetch: fetch as never,
        maxRetries: 0,
      });
      return {
        json: () => completions.create(question),
        upload: async () =>
          api.files.create({ purpose: 'assistants', file: await toFile(Buffer.from(text), 'report.json') }),
        stream: async () => {
          const contents: unknown[] = [];
          for await (const { choices } of await completions.create({ ...question, stream: true }))
            contents.push(choices[0]?.delta.content);
          return contents;
        },
        abort: (signal) => silent.get('/silent', { signal }),
        timeout: () => silent.get('/silent', { timeout: limitMs }),
      };
    },
  },
  '@octokit/request': {
    on: (fetch, origin) => {
      const api = octokit.defaults({ baseUrl: origin, request: { fetch } });
      return {
        json: async () => (await api('POST /echo', body)).data,
        abort: (signal) => api('GET /silent', { request: { fetch, signal } }),
      };
    },
  },
  eventsource: {
    on: (fetch, origin) => {
      const listen = (count: number): Promise<unknown> =>
        new Promise((resolve, reject) => {
          const source = new EventSource(`${origin}/events`, { fetch });
          const heard: string[] = [];
          source.addEventListener('error', ({ code, message }) => {
            source.close();
            reject(new Error(`${code} ${message}`));
          });
          source.addEventListener('message', ({ data }) => {
            heard.push(data);
            if (heard.length < count) return;
            source.close();
            resolve(heard);
          });
        });
      return { json: () => listen(1), stream: () => listen(2) };
    },
  },
  'the MCP SDK': {
    on: (fetch, origin) => {
      const talk = async (): Promise<unknown> => {
        const client = new McpClient({ name: 'compared', version: '1.0.0' });
        const transport = new StreamableHTTPClientTransport(new URL(`${origin}/mcp`), { fetch });
        await client.connect(transport as never);
        const { tools } = await client.listTools();
        const greeting = await client.callTool({ name: 'greet' });
        await client.close();
        return [tools.map(({ name }) => name), greeting.content];
      };
      return { json: talk };
    },
  },
  // undici's fetch accepts its own FormData only, not the platform's.
  'undici’s fetch beneath': {
    transport: undiciFetch as never,
    on: (fetch, origin) => bare(fetch, origin, UndiciFormData as never),
  },
  'node-fetch 3 beneath': {
    transport: nodeFetch3 as never,
    on: (fetch, origin) => bare(fetch, origin, FormData),
  },
  'node-fetch 2 beneath': { transport: nodeFetch2 as never, on: (fetch, origin) => bare(fetch, origin) },
};
