import type { ExchangeContext, FetchLike } from '@auth/core';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requestTokens, says, type TokenRequest } from '../src/index.js';

const host = 'https://auth.example.com';

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
  nock.enableNetConnect();
});

const overNetwork: FetchLike = (input, init) => fetch(input, init);

function call(changes: Partial<TokenRequest<unknown>> = {}, context: Partial<ExchangeContext> = {}) {
  const request: TokenRequest<unknown> = {
    provider: 'test',
    phase: 'login',
    url: `${host}/token`,
    body: new URLSearchParams({ password: 'canary-secret' }),
    parse: ({ body }) => body,
    isRefused: ({ status, body }) => status === 400 && says(body, 'error', 'invalid_grant'),
    serverCodes: ['invalid_grant', 'Account disabled'],
    ...changes,
  };
  return requestTokens(request, { fetch: overNetwork, signal: new AbortController().signal, ...context });
}

test('a body may be JSON', async () => {
  nock(host)
    .post('/token', { user: { name: 'ada' }, password: 'canary-secret' })
    .matchHeader('content-type', 'application/json')
    .reply(200, { token: 'a' });
  const json = { user: { name: 'ada' }, password: 'canary-secret' };
  expect(await call({ json })).toEqual({ token: 'a' });
  nock(host).post('/token', '"just a text"').reply(200, '"a token"');
  expect(await call({ json: 'just a text' })).toBe('a token');
});

describe('a word of RFC 6749 section 5.2', () => {
  const words = [
    'invalid_client',
    'unauthorized_client',
    'invalid_scope',
    'invalid_request',
    'unsupported_grant_type',
  ];
  const codeOf = async (phase: 'login' | 'refresh', status: number, error: string): Promise<unknown> => {
    nock(host).post('/token').reply(status, { error });
    return call({ phase }).catch((thrown: { code: unknown }) => thrown.code);
  };

  test.each([400, 401, 403])(
    'at a login with %i is about the client, unless it is invalid_grant',
    {
      tags: ['fault-108'],
    },
    async (status) => {
      for (const word of words) expect(await codeOf('login', status, word)).toBe('client_refused');
      const grant = await codeOf('login', status, 'invalid_grant');
      expect(grant).toBe(status === 403 ? 'server_unavailable' : 'invalid_credentials');
    },
  );

  test.each([400, 401, 403])(
    'at a refresh with %i is about the client under 401, and if it is invalid_client',
    {
      tags: ['fault-107'],
    },
    async (status) => {
      for (const word of words) {
        const isAboutClient = status === 401 || word === 'invalid_client';
        const expected = isAboutClient ? 'client_refused' : 'server_unavailable';
        expect(await codeOf('refresh', status, word)).toBe(expected);
      }
    },
  );

  test.each(['login', 'refresh'] as const)(
    'of the server’s own refuses the client at a %s',
    async (phase) => {
      nock(host).post('/token').times(2).reply(400, { error: 'invalid_client_id' });
      const clientCodes = ['invalid_client_id'];
      const refused = { code: 'client_refused', serverCode: 'invalid_client_id' };
      await expect(call({ phase, clientCodes })).rejects.toMatchObject(refused);
      await expect(call({ phase })).rejects.toMatchObject({ code: 'server_unavailable' });
    },
  );

  test('at a refresh may be about the client where the provider says so', async () => {
    nock(host).post('/token').reply(400, { error: 'unauthorized_client' });
    const isClientRefused: TokenRequest<unknown>['isClientRefused'] = ({ body }) =>
      says(body, 'error', 'unauthorized_client');
    await expect(call({ phase: 'refresh', isClientRefused })).rejects.toMatchObject({
      code: 'client_refused',
      serverCode: 'unauthorized_client',
      delivery: 'answered',
    });
  });

  test.each([
    ['json', '{"detail":"gone"}'],
    ['page', '<html>gone</html>'],
    ['other', 'gone'],
  ])('an answer that is none tells that it was %s', async (kind, body) => {
    nock(host).post('/token').reply(404, body);
    await expect(call()).rejects.toMatchObject({ code: 'server_unavailable', answer: kind });
  });
});

describe('what is sent', () => {
  test('one POST with a form, that asks for JSON', async () => {
    nock(host)
      .post('/token', { password: 'canary-secret' })
      .matchHeader('accept', 'application/json')
      .matchHeader('content-type', 'application/x-www-form-urlencoded;charset=UTF-8')
      .matchHeader('x-extra', '1')
      .reply(200, { ok: 1 });
    expect(await call({ headers: { 'x-extra': '1' } })).toEqual({ ok: 1 });
  });

  test('its own headers take the place of ours, in any spelling', async () => {
    nock(host)
      .post('/token')
      .matchHeader('content-type', 'application/vnd.api+json')
      .matchHeader('accept', 'application/vnd.api+json')
      .reply(200, { ok: 1 });
    const own = { 'Content-Type': 'application/vnd.api+json', Accept: 'application/vnd.api+json' };
    expect(await call({ json: {}, headers: own })).toEqual({ ok: 1 });
  });

  test('a multipart form goes out as bytes', async () => {
    let body: ArrayBuffer | undefined;
    const form = new FormData();
    form.set('a', 'ä');
    await call(
      { body: form },
      {
        fetch: async (_, init) => {
          body = init?.body as ArrayBuffer;
          return Response.json({});
        },
      },
    );
    expect(new TextDecoder().decode(body)).toContain('name="a"\r\n\r\nä\r\n');
  });

  test('a transport of another make gets nothing that it would have to know', async () => {
    const seen: unknown[] = [];
    await call(
      { body: new URLSearchParams({ a: 'ä' }) },
      {
        fetch: async (input, init) => {
          const { method, redirect, body, headers } = init as RequestInit;
          seen.push(input, method, redirect, body);
          seen.push((headers as Record<string, string>)['content-type']);
          return Response.json({});
        },
      },
    );
    const type = 'application/x-www-form-urlencoded;charset=UTF-8';
    expect(seen).toEqual([expect.any(String), 'POST', 'manual', 'a=%C3%A4', type]);
  });

  test('the signal of the exchange itself, and none that Node would keep', async () => {
    const { signal } = new AbortController();
    let seen: unknown;
    const fetch: FetchLike = async (_, init) => {
      seen = init?.signal;
      return Response.json({});
    };
    await call({}, { fetch, signal });
    expect(seen).toBe(signal);
  });

  test('a request that no cache may answer', { tags: ['fault-101'] }, async () => {
    for (const body of [undefined, new URLSearchParams({ a: 'b' }), new FormData()]) {
      let cache: string | undefined;
      await call(body && { body }, {
        fetch: async (_, init) => {
          cache = init?.cache;
          return Response.json({});
        },
      });
      expect(cache).toBe('no-store');
    }
  });

  test('a transport that answers without reading the form breaks nothing', async () => {
    const form = new FormData();
    for (const name of 'abcdefgh') form.set(name, name);
    for (let turn = 0; turn < 20; turn++) {
      expect(await call({ body: form }, { fetch: async () => Response.json({ ok: 1 }) })).toEqual({ ok: 1 });
    }
  });

  test('nothing, after the deadline', async () => {
    const signal = AbortSignal.abort(new Error('the deadline'));
    let sent = 0;
    const fetch = async (): Promise<Response> => {
      sent++;
      return Response.json({});
    };
    await expect(call({}, { fetch, signal })).rejects.toMatchObject({ code: 'network' });
    expect(sent).toBe(0);
  });
});

describe('what comes back', () => {
  test.each<[string, number, string, Record<string, string>, string]>([
    ['a refusal in the server’s JSON', 400, '{"error":"invalid_grant"}', {}, 'invalid_credentials'],
    ['a 401 with JSON', 401, '{}', {}, 'invalid_credentials'],
    ['a 401 without a body', 401, '', {}, 'invalid_credentials'],
    [
      'a 401 with plain words labelled as HTML',
      401,
      'Unauthorized',
      { 'content-type': 'text/html' },
      'invalid_credentials',
    ],
    [
      'a 401 with JSON labelled as HTML',
      401,
      '{"error":"x"}',
      { 'content-type': 'text/html' },
      'invalid_credentials',
    ],
    [
      'a 401 with an HTML page',
      401,
      '<!doctype html><p>',
      { 'content-type': 'text/html' },
      'server_unavailable',
    ],
    ['a 401 with an unlabelled page', 401, ' <!-- x --><html>', {}, 'server_unavailable'],
    [
      'a 401 with a challenge script',
      401,
      '<script>x</script>',
      { 'content-type': 'text/plain' },
      'server_unavailable',
    ],
    [
      'a 401 with XHTML',
      401,
      '<?xml version="1.0"?><x/>',
      { 'content-type': 'application/xhtml+xml' },
      'server_unavailable',
    ],
    ['a 401 with other XML', 401, '<error/>', { 'content-type': 'application/xml' }, 'invalid_credentials'],
    ['a bare 400', 400, 'Bad Request', {}, 'server_unavailable'],
    ['a 500', 500, '{"error":"invalid_grant"}', {}, 'server_unavailable'],
    ['a 503 without Retry-After', 503, '', {}, 'server_unavailable'],
    ['a redirect', 302, '', { location: 'https://elsewhere.example' }, 'invalid_response'],
    ['no JSON', 200, 'hello', {}, 'invalid_response'],
    ['nothing', 204, '', {}, 'invalid_response'],
  ])('%s', async (_, status, body, headers, code) => {
    nock(host).post('/token').reply(status, body, headers);
    await expect(call()).rejects.toMatchObject({ code, status, provider: 'test', phase: 'login' });
  });

  test('a revocation succeeds by its status alone', async () => {
    const revoke = () => call({ phase: 'revoke', parse: () => 'revoked' as never });
    for (const body of ['', 'OK', '{}']) {
      nock(host).post('/token').reply(200, body);
      expect(await revoke()).toBe('revoked');
    }
    nock(host).post('/token').reply(503, '');
    await expect(revoke()).rejects.toMatchObject({ code: 'server_unavailable', phase: 'revoke' });
  });

  test('a refused refresh is refresh_refused', async () => {
    nock(host).post('/token').reply(401, {});
    await expect(call({ phase: 'refresh' })).rejects.toMatchObject({
      code: 'refresh_refused',
      delivery: 'answered',
    });
  });

  test.each([
    [{ error: 'invalid_grant', error_description: 'Account disabled' }, 'Account disabled'],
    [{ error: 'invalid_grant', error_description: 'canary-secret' }, 'invalid_grant'],
    [{ error: 'canary-secret' }, undefined],
  ])('of %j only a known word is repeated', async (body, serverCode) => {
    nock(host).post('/token').reply(401, body);
    const error = (await call().catch((thrown: unknown) => thrown)) as { serverCode?: string; stack: string };
    expect(error.serverCode).toBe(serverCode);
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain('canary-secret');
  });

  test.each<[string, Record<string, string>, number | undefined]>([
    ['seconds', { 'retry-after': '7' }, 7_000],
    [
      'a date, from the answer’s own Date',
      { 'retry-after': 'Sun, 01 Apr 2018 20:40:12 GMT', date: 'Sun, 01 Apr 2018 20:39:12 GMT' },
      60_000,
    ],
    [
      'a date in the past',
      { 'retry-after': 'Sun, 01 Apr 2018 20:00:00 GMT', date: 'Sun, 01 Apr 2018 20:39:12 GMT' },
      0,
    ],
    ['a date without a Date', { 'retry-after': 'Sun, 01 Apr 2018 20:40:12 GMT' }, undefined],
    ['a negative number', { 'retry-after': '-1' }, undefined],
    ['a fraction, rounded up', { 'retry-after': '1.5' }, 2_000],
    ['a whole number with a point', { 'retry-after': '120.0' }, 120_000],
    ['twice, the longer', { 'retry-after': '60, 120' }, 120_000],
    [
      'twice, as seconds and as a date',
      { 'retry-after': '7, Sun, 01 Apr 2018 20:40:12 GMT', date: 'Sun, 01 Apr 2018 20:39:12 GMT' },
      60_000,
    ],
    ['twice, one of them nonsense', { 'retry-after': 'soon, 30' }, 30_000],
    ['four hundred digits', { 'retry-after': '9'.repeat(400) }, undefined],
    ['nothing', {}, undefined],
  ])('Retry-After: %s', { tags: ['fault-125'] }, async (_, headers, retryAfterMs) => {
    nock(host).post('/token').reply(429, 'slow down', headers);
    const error = await call().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'rate_limited', delivery: 'answered', status: 429 });
    expect((error as { retryAfterMs?: number }).retryAfterMs).toBe(retryAfterMs);
  });

  test('a 429 is one whatever becomes of its body', async () => {
    const body = new ReadableStream({
      pull() {
        throw new Error('connection reset');
      },
    });
    const fetch = async (): Promise<Response> =>
      new Response(body, { status: 429, headers: { 'retry-after': '600' } });
    await expect(call({}, { fetch })).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 600_000 });
  });

  test('at most 1 MiB is read, and a longer answer is let go', async () => {
    let pulled = 0;
    let cancelled = false;
    const body = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
      cancel() {
        cancelled = true;
      },
    });
    const fetch = async (): Promise<Response> => new Response(body, { status: 200 });
    await expect(call({}, { fetch })).rejects.toMatchObject({ code: 'invalid_response', status: 200 });
    expect(pulled).toBeLessThan(20);
    expect(cancelled).toBe(true);
  });

  test('an answer that breaks off is lost', async () => {
    const body = new ReadableStream({
      pull() {
        throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
      },
    });
    const fetch = async (): Promise<Response> => new Response(body, { status: 200 });
    await expect(call({}, { fetch })).rejects.toMatchObject({
      code: 'network',
      delivery: 'unknown',
      detail: 'ECONNRESET',
    });
  });

  test('an opaque redirect, as browsers give it, is refused', async () => {
    const opaque = Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' });
    await expect(call({}, { fetch: async () => opaque })).rejects.toMatchObject({ code: 'invalid_response' });
  });

  test.each(['parse', 'isRefused', 'isClientRefused'])(
    'of what %s throws the name alone is kept',
    async (rule) => {
      const body = rule === 'isClientRefused' ? { error: 'invalid_scope' } : {};
      nock(host)
        .post('/token')
        .reply(rule === 'parse' ? 200 : 400, body);
      const fails = (): never => {
        throw new RangeError('canary-secret');
      };
      const error = await call({ phase: 'refresh', [rule]: fails }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'invalid_response', detail: 'reading it threw RangeError' });
      expect((error as Error).stack).not.toContain('canary-secret');
    },
  );

  test.each([
    ['ECONNRESET', 'unknown'],
    ['ECONNREFUSED', 'not_sent'],
  ])('%s: the request was %s', async (code, delivery) => {
    nock(host)
      .post('/token')
      .replyWithError(Object.assign(new Error('x'), { code }));
    await expect(call()).rejects.toMatchObject({ code: 'network', delivery, detail: code });
  });
});
