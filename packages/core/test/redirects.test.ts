import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { FakeApi } from './support/fake-api.js';
import { type FetchScene, startFetchScene } from './support/fetch-scene.js';

let api: FakeApi;
let elsewhere: FakeApi;
let open: FetchScene['open'];
let revokeFirstToken: FetchScene['revokeFirstToken'];

beforeEach(async () => {
  const started = await startFetchScene();
  ({ api, elsewhere, open, revokeFirstToken } = started);
  return started.stop;
});

describe('redirects with the token in a header of its own', () => {
  const tokenInOwnHeader = {
    authorize: (headers: Headers, { accessToken }: { accessToken: string }) => {
      headers.set('authorization', `Bearer ${accessToken}`);
      headers.set('x-token', accessToken);
    },
    tokenHeaders: ['Authorization', 'x-token'],
  };
  const redirectTo = (location: string, status = 302) => ({ status, headers: { location } });

  test('a redirect within the allowed origins is followed', async () => {
    api.routes['/a'] = () => redirectTo('/b', 307);
    api.routes['/b'] = () => redirectTo(`${elsewhere.origin}/c`);
    const { fetch } = open({ ...tokenInOwnHeader, allowedOrigins: [api.origin, elsewhere.origin] });
    expect((await fetch(`${api.origin}/a`)).status).toBe(200);
    expect(elsewhere.seen[0]?.headers['x-token']).toBe('access-1');
  });

  test('a header that the provider writes and does not declare is not carried along a redirect', {
    tags: ['fault-98'],
  }, async () => {
    api.routes['/a'] = () => redirectTo(`${elsewhere.origin}/c`);
    for (const name of ['x-token', 'cookie', 'x-api-key']) {
      const authorize = (headers: Headers, { accessToken }: { accessToken: string }) =>
        headers.set(name, accessToken);
      const { fetch } = open({ authorize });
      for (let call = 0; call < 2; call++) {
        await expect(fetch(`${api.origin}/a`)).rejects.toMatchObject({ code: 'origin_not_allowed' });
      }
    }
    expect(elsewhere.seen).toEqual([]);
  });

  test('what is followed looks as if the platform had followed it', { tags: ['fault-138'] }, async () => {
    api.routes['/start'] = () => redirectTo('/caf\u00c3\u00a9?q=\u00c3\u00bc', 308);
    api.routes['/caf%C3%A9?q=%C3%BC'] = ({ body }) => ({ status: 200, body });
    const url = `${api.origin}/start`;
    const requests: [string, RequestInit | undefined][] = [
      ['GET', undefined],
      ['text', { method: 'POST', body: 'text' }],
      ['bytes', { method: 'PUT', body: new TextEncoder().encode('bytes') }],
    ];
    const seen: unknown[][] = [];
    for (const provider of [{}, tokenInOwnHeader]) {
      const { fetch } = open(provider);
      const answers: unknown[] = [];
      for (const [, init] of requests)
        for (const input of [url, new Request(url, init)]) {
          const response = await fetch(input, input instanceof Request ? undefined : init);
          answers.push([response.redirected, response.url, response.status, await response.text()]);
          const { method, headers } = api.seen.at(-1) as (typeof api.seen)[number];
          answers.push([
            method,
            headers['content-length'],
            headers['transfer-encoding'],
            headers['content-type'],
          ]);
        }
      seen.push(answers);
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]).toContainEqual([true, `${api.origin}/caf%C3%A9?q=%C3%BC`, 200, 'bytes']);
    expect((await open(tokenInOwnHeader).fetch(`${api.origin}/plain`)).redirected).toBe(false);
  });

  test.each([301, 302, 307, 308])(
    'a streamed body does not follow a %i, as with the platform',
    {
      tags: ['fault-138'],
    },
    async (status) => {
      api.routes['/a'] = () => redirectTo('/b', status);
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('streamed'));
          controller.close();
        },
      });
      const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
      await expect(open(tokenInOwnHeader).fetch(`${api.origin}/a`, init)).rejects.toBeInstanceOf(TypeError);
      expect(api.seen.map(({ path }) => path)).toEqual(['/a']);
    },
  );

  test('an error about a redirect does not quote its userinfo', { tags: ['fault-138'] }, async () => {
    api.routes['/a'] = () => redirectTo(`http://ada:pass-phrase@${new URL(api.origin).host}/b`);
    const failed = await open(tokenInOwnHeader)
      .fetch(`${api.origin}/a`)
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(TypeError);
    expect(String(failed)).not.toContain('pass-phrase');
  });

  test('`redirect` is taken as the text that it says', { tags: ['fault-137'] }, async () => {
    api.routes['/a'] = () => redirectTo(`${elsewhere.origin}/c`);
    const redirect = new String('follow') as unknown as RequestRedirect;
    await expect(open(tokenInOwnHeader).fetch(`${api.origin}/a`, { redirect })).rejects.toMatchObject({
      code: 'origin_not_allowed',
    });
    expect(elsewhere.seen).toEqual([]);
  });

  test('a redirect beyond the allowed origins is an error, and nothing is sent there', async () => {
    api.routes['/a'] = () => redirectTo(`${elsewhere.origin}/c`);
    await expect(open(tokenInOwnHeader).fetch(`${api.origin}/a`)).rejects.toMatchObject({
      code: 'origin_not_allowed',
    });
    expect(elsewhere.seen).toEqual([]);
  });

  test('on Workers, whose redirects may carry any header, a redirect beyond the allowed origins is an error for Authorization too', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' });
    onTestFinished(() => void vi.unstubAllGlobals());
    api.routes['/a'] = () => redirectTo('/b', 307);
    api.routes['/b'] = () => redirectTo(`${elsewhere.origin}/c`);
    const { fetch } = open();
    for (const _ of ['first call', 'call with a checked origin']) {
      await expect(fetch(`${api.origin}/a`)).rejects.toMatchObject({ code: 'origin_not_allowed' });
    }
    expect(api.seen.map(({ path }) => path)).toEqual(['/a', '/b', '/a', '/b']);
    expect(elsewhere.seen).toEqual([]);
  });

  test.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [302, 'PUT', 'PUT', 'payload'],
    [307, 'POST', 'POST', 'payload'],
    [308, 'PUT', 'PUT', 'payload'],
  ])('status %i turns %s into %s', async (status, method, expectedMethod, expectedBody) => {
    api.routes['/a'] = () => redirectTo('/b', status);
    const { fetch } = open(tokenInOwnHeader);
    await fetch(`${api.origin}/a`, { method, body: 'payload', headers: { 'content-type': 'text/x' } });
    expect(api.seen[1]).toMatchObject({ method: expectedMethod, body: expectedBody });
    expect(api.seen[1]?.headers['content-type']).toBe(expectedBody === '' ? undefined : 'text/x');
    await fetch(new Request(`${api.origin}/a`, { method, body: 'payload' }));
    expect(api.seen[3]).toMatchObject({ method: expectedMethod, body: expectedBody });
  });

  test('a GET that one redirect made of a POST stays a GET at the next redirect', async () => {
    api.routes['/a'] = () => redirectTo('/b', 303);
    api.routes['/b'] = () => redirectTo('/c', 307);
    await open(tokenInOwnHeader).fetch(`${api.origin}/a`, { method: 'POST', body: 'payload' });
    expect(api.seen[2]).toMatchObject({ method: 'GET', path: '/c', body: '' });
  });

  test('the caller’s own redirect mode is kept', async () => {
    api.routes['/a'] = () => redirectTo('/b');
    const { fetch } = open(tokenInOwnHeader);
    expect((await fetch(`${api.origin}/a`, { redirect: 'manual' })).status).toBe(302);
    expect((await fetch(new Request(`${api.origin}/a`, { redirect: 'manual' }))).status).toBe(302);
    await expect(fetch(`${api.origin}/a`, { redirect: 'error' })).rejects.toThrow(TypeError);
  });

  test('an endless chain and a streamed body are errors, and a redirect without a location is returned', async () => {
    api.routes['/loop'] = () => redirectTo('/loop');
    api.routes['/keep'] = () => redirectTo('/b', 307);
    api.routes['/nowhere'] = () => ({ status: 302 });
    const { fetch } = open(tokenInOwnHeader);
    await expect(fetch(`${api.origin}/loop`)).rejects.toThrow('too many redirects');
    const body = new Blob(['once']).stream();
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    await expect(fetch(`${api.origin}/keep`, init)).rejects.toThrow('streamed body');
    expect((await fetch(`${api.origin}/nowhere`)).status).toBe(302);
  });

  test('a redirect that the platform hides is an error', async () => {
    const opaque = Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' });
    const session = open(tokenInOwnHeader, { fetch: async () => opaque });
    await expect(session.fetch(`${api.origin}/a`)).rejects.toMatchObject({ code: 'origin_not_allowed' });
  });

  test('a request that is refused at the end of a chain is sent again from the chain’s start', async () => {
    api.routes['/a'] = () => redirectTo('/b', 307);
    const { fetch } = open(tokenInOwnHeader);
    await fetch(`${api.origin}/warm-up`);
    revokeFirstToken();
    expect((await fetch(`${api.origin}/a`)).status).toBe(200);
    expect(api.seen.map(({ path }) => path)).toEqual(['/warm-up', '/a', '/b', '/a', '/b']);
  });
});
