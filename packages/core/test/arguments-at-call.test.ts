import { runInNewContext } from 'node:vm';
import { hashQuickly } from '@internal/test-tools/quick-hash';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAuthSession } from '../src/index.js';
import type { FakeApi, SeenRequest } from './support/fake-api.js';
import { type FetchScene, startFetchScene } from './support/fetch-scene.js';
import { Scene } from './support/scene.js';

let scene: FetchScene;
let api: FakeApi;

beforeEach(async () => {
  scene = await startFetchScene();
  ({ api } = scene);
  return scene.stop;
});
afterEach(() => void vi.unstubAllGlobals());

/** A call, and what its caller does with the arguments as soon as the call has returned. */
interface Call {
  readonly input: string | URL | Request;
  readonly init: RequestInit;
  change(): void;
}

/** Each call is to arrive with this, whatever the caller does after it. */
const calls: Record<string, (origin: string, other: string) => Call> = {
  'a URL object whose path and host change': (origin, other) => {
    const input = new URL('/given', origin);
    return {
      input,
      init: { method: 'POST', body: 'given', headers: { 'x-mine': 'given' } },
      change() {
        input.host = new URL(other).host;
        input.pathname = '/changed';
      },
    };
  },
  'an init whose body, method and headers change': (origin) => {
    const init: RequestInit = { method: 'POST', body: 'given', headers: { 'x-mine': 'given' } };
    return {
      input: `${origin}/given`,
      init,
      change: () => void Object.assign(init, { method: 'PUT', body: 'changed', headers: { 'x-mine': 'no' } }),
    };
  },
  'headers that change': (origin) => {
    const headers = new Headers({ 'x-mine': 'given' });
    return {
      input: `${origin}/given`,
      init: { method: 'POST', body: 'given', headers },
      change: () => headers.set('x-mine', 'changed'),
    };
  },
  'plain headers that change': (origin) => {
    const headers: Record<string, string> = { 'x-mine': 'given' };
    return {
      input: `${origin}/given`,
      init: { method: 'POST', body: 'given', headers },
      change: () => void Object.assign(headers, { 'x-mine': 'changed' }),
    };
  },
  ...Object.fromEntries(
    [
      (bytes: Uint8Array<ArrayBuffer>) => bytes,
      (bytes: Uint8Array<ArrayBuffer>) => bytes.buffer,
      ({ buffer }: Uint8Array<ArrayBuffer>) => new DataView(buffer),
      ({ buffer }: Uint8Array<ArrayBuffer>) => new Int8Array(buffer),
      ({ buffer }: Uint8Array<ArrayBuffer>) => Buffer.from(buffer),
    ].map((viewOf) => {
      const name = viewOf(new Uint8Array(5)).constructor.name;
      return [
        `bytes in a ${name} that change`,
        (origin: string): Call => {
          const bytes = new Uint8Array(new TextEncoder().encode('given'));
          return {
            input: `${origin}/given`,
            init: { method: 'POST', body: viewOf(bytes), headers: { 'x-mine': 'given' } },
            change: () => void bytes.fill(120),
          };
        },
      ];
    }),
  ),
};

const moments: Record<string, (session: ReturnType<FetchScene['open']>) => Promise<void>> = {
  'on the first call': async () => {},
  'at an expiry': async (session) => {
    await session.getAccessToken();
    scene.clock.advance(3_600_000);
    api.accepted = 'access-2';
  },
  'on a fresh token': async (session) => void (await session.fetch(`${api.origin}/warm-up`)),
  'at a 401': async (session) => {
    await session.fetch(`${api.origin}/warm-up`);
    scene.revokeFirstToken();
  },
};

describe.each(Object.entries(moments))('what stood at the call is sent, and sent again, %s', (_, prepare) => {
  hashQuickly();

  test.each(Object.entries(calls))('%s', { tags: ['fault-93'] }, async (_name, call) => {
    const session = scene.open();
    await prepare(session);
    const { input, init, change } = call(api.origin, scene.elsewhere.origin);
    const answer = session.fetch(input, init);
    change();
    expect((await answer).status).toBe(200);
    const seen = api.seen.filter(({ path }) => path !== '/warm-up');
    expect(seen.length).toBeGreaterThan(0);
    for (const request of seen) {
      expect(request).toMatchObject({ method: 'POST', path: '/given', body: 'given' });
      expect(request.headers['x-mine']).toBe('given');
    }
    expect(scene.elsewhere.seen).toEqual([]);
  });

  test('URLSearchParams that change', { tags: ['fault-93'] }, async () => {
    const session = scene.open();
    await prepare(session);
    const body = new URLSearchParams({ page: '1' });
    const answer = session.fetch(`${api.origin}/given`, { method: 'POST', body });
    body.set('page', '3');
    expect((await answer).status).toBe(200);
    for (const seen of api.seen.filter(({ path }) => path === '/given')) {
      expect(seen.body).toBe('page=1');
      expect(seen.headers['content-type']).toBe('application/x-www-form-urlencoded;charset=UTF-8');
    }
  });

  test.each([
    ['an object with a text', () => ({ toString: (): string => 'given' }), 'given'],
    ['an array', () => ['given', 'twice'], 'given,twice'],
  ])('%s that changes', { tags: ['fault-93'] }, async (_name, make, text) => {
    const session = scene.open();
    await prepare(session);
    const body = make();
    const answer = session.fetch(`${api.origin}/given`, { method: 'POST', body: body as never });
    if (Array.isArray(body)) body.push('changed');
    else body.toString = () => 'changed';
    expect((await answer).status).toBe(200);
    for (const seen of api.seen.filter(({ path }) => path === '/given')) expect(seen.body).toBe(text);
  });

  test('FormData that changes', { tags: ['fault-93'] }, async () => {
    const session = scene.open();
    await prepare(session);
    const body = new FormData();
    body.set('page', '1');
    body.set('file', new Blob(['content']), 'name.txt');
    const answer = session.fetch(`${api.origin}/given`, { method: 'POST', body });
    body.set('page', '3');
    body.delete('file');
    expect((await answer).status).toBe(200);
    for (const seen of api.seen.filter(({ path }) => path === '/given')) {
      const form = await formOf(seen);
      expect(form.get('page')).toBe('1');
      expect((form.get('file') as File).name).toBe('name.txt');
    }
  });

  test('a Request, which is used up at the call', { tags: ['fault-93'] }, async () => {
    const session = scene.open();
    await prepare(session);
    const request = new Request(`${api.origin}/given`, { method: 'POST', body: 'given' });
    const answer = session.fetch(request);
    expect(request.bodyUsed).toBe(true);
    request.headers.set('x-mine', 'changed');
    expect((await answer).status).toBe(200);
    for (const seen of api.seen.filter(({ path }) => path === '/given')) {
      expect(seen).toMatchObject({ method: 'POST', body: 'given' });
      expect(seen.headers['x-mine']).toBeUndefined();
    }
  });
});

describe.each([
  ['before there is a token', async () => {}],
  ['on a fresh token', moments['on a fresh token'] as (typeof moments)[string]],
])('arguments as the platform takes them, %s', (_, prepare) => {
  /** Sends through the session, and returns what arrived. */
  async function sent(input: string | URL | Request, init?: unknown): Promise<SeenRequest> {
    const session = scene.open();
    await prepare(session);
    expect((await session.fetch(input, init as RequestInit)).status).toBe(200);
    return api.seen.at(-1) as SeenRequest;
  }

  test('members that the init inherits', { tags: ['fault-94'] }, async () => {
    const init = Object.create({ method: 'POST', body: 'inherited', headers: { 'x-mine': 'inherited' } });
    const seen = await sent(`${api.origin}/given`, init);
    expect(seen).toMatchObject({ method: 'POST', body: 'inherited', headers: { 'x-mine': 'inherited' } });
  });

  test('members behind the accessors of a class', { tags: ['fault-94'] }, async () => {
    class Init {
      get method(): string {
        return 'POST';
      }
      get body(): string {
        return 'from an accessor';
      }
    }
    expect(await sent(`${api.origin}/given`, new Init())).toMatchObject({
      method: 'POST',
      body: 'from an accessor',
    });
  });

  test('a Request as the init', { tags: ['fault-94'] }, async () => {
    const init = new Request('https://elsewhere.example/', {
      method: 'PUT',
      body: 'of the Request',
      headers: { 'x-mine': 'of the Request' },
    });
    const seen = await sent(`${api.origin}/given`, init);
    expect(seen).toMatchObject({ method: 'PUT', path: '/given', body: 'of the Request' });
    expect(seen.headers['x-mine']).toBe('of the Request');
  });

  test.each([['body'], ['signal']])('%s: null', { tags: ['fault-94'] }, async (member) => {
    const seen = await sent(`${api.origin}/given`, { method: 'POST', [member]: null });
    expect(seen).toMatchObject({ method: 'POST', body: '' });
  });

  test.each([
    ['headers that are null', { headers: null }],
    ['an init that is a number', 5],
    ['an init that is a text', 'POST'],
    ['an init that is an empty text', ''],
    ['an init that is 0', 0],
    ['an init that is false', false],
  ])('%s are a TypeError', { tags: ['fault-94'] }, async (_name, init) => {
    const session = scene.open();
    await prepare(session);
    const before = api.seen.length;
    await expect(session.fetch(`${api.origin}/given`, init as never)).rejects.toThrow(TypeError);
    expect(api.seen).toHaveLength(before);
  });

  test.each([
    ['a plain init', () => Object.defineProperty({}, 'method', { enumerable: true, get: fail })],
    ['a proxy', () => new Proxy({}, { get: fail })],
    ['a proxy that hides its prototype', () => new Proxy({}, { getPrototypeOf: fail })],
  ])('%s that throws rejects the call, and does not throw', { tags: ['fault-94'] }, async (_name, make) => {
    const session = scene.open();
    await prepare(session);
    const answer = session.fetch(`${api.origin}/given`, make() as RequestInit);
    await answer.then(
      (response) => expect(response.status).toBe(200),
      (error: Error) => expect(error.message).toBe('no such luck'),
    );
  });

  test.each([['new Uint8Array([104, 105]).buffer'], ['new Uint8Array([104, 105])']])(
    'bytes of another realm: %s',
    { tags: ['fault-94'] },
    async (code) => {
      const body = runInNewContext(code) as ArrayBuffer;
      expect(await sent(`${api.origin}/given`, { method: 'POST', body })).toMatchObject({ body: 'hi' });
    },
  );

  test('a Request of a class that names itself otherwise', { tags: ['fault-94'] }, async () => {
    class Own extends Request {
      get [Symbol.toStringTag](): string {
        return 'Own';
      }
    }
    const request = new Own(`${api.origin}/given`, {
      method: 'POST',
      body: 'own',
      headers: { 'x-mine': '1' },
    });
    expect(await sent(request)).toMatchObject({ method: 'POST', body: 'own', headers: { 'x-mine': '1' } });
  });

  test('an init that is null counts as none', { tags: ['fault-94'] }, async () => {
    expect(await sent(`${api.origin}/given`, null)).toMatchObject({ method: 'GET', path: '/given' });
  });

  test.each([
    ['a text', () => 'once'],
    ['a form', () => new URLSearchParams('once')],
  ])('each accessor is read once, with %s as the body', { tags: ['fault-94'] }, async (_name, bodyOf) => {
    const reads: string[] = [];
    const read = <Value>(name: string, value: Value): Value => {
      reads.push(name);
      return value;
    };
    const seen = await sent(`${api.origin}/given`, {
      get method() {
        return read('method', 'POST');
      },
      get body() {
        return read('body', bodyOf());
      },
      get headers() {
        return read('headers', { 'x-mine': '1' });
      },
    });
    expect(reads.toSorted()).toEqual(['body', 'headers', 'method']);
    expect(seen).toMatchObject({ method: 'POST', headers: { 'x-mine': '1' } });
    expect(seen.body).toMatch(/^once=?$/);
  });

  test('a Request that says another URL than the one it is sent to', { tags: ['fault-93'] }, async () => {
    const session = scene.open();
    await prepare(session);
    const allowed = `${api.origin}/given`;
    class Lying extends Request {
      override get url(): string {
        return allowed;
      }
    }
    const shadowed = new Request(`${scene.elsewhere.origin}/stolen`);
    Object.defineProperty(shadowed, 'url', { value: allowed });
    for (const request of [new Lying(`${scene.elsewhere.origin}/stolen`), shadowed]) {
      await expect(session.fetch(request)).rejects.toMatchObject({ code: 'origin_not_allowed' });
    }
    expect(scene.elsewhere.seen).toEqual([]);
  });

  test('a Request of another realm', { tags: ['fault-94'] }, async () => {
    const own = new Request(`${api.origin}/given`, {
      method: 'POST',
      body: 'foreign',
      headers: { 'x-mine': 'f' },
    });
    const foreign = {
      [Symbol.toStringTag]: 'Request',
      url: own.url,
      method: own.method,
      headers: own.headers,
      body: own.body,
      duplex: 'half',
    } as unknown as Request;
    const seen = await sent(foreign);
    expect(seen).toMatchObject({
      method: 'POST',
      path: '/given',
      body: 'foreign',
      headers: { 'x-mine': 'f' },
    });
  });

  test('a relative URL, against the base of the document', { tags: ['fault-95'] }, async () => {
    vi.stubGlobal('location', { href: 'https://page.example/dir/' });
    vi.stubGlobal('document', { baseURI: `${api.origin}/base/` });
    expect((await sent('given')).path).toBe('/base/given');
  });
});

async function formOf({ body, headers }: SeenRequest): Promise<FormData> {
  return new Response(body, { headers: { 'content-type': headers['content-type'] as string } }).formData();
}

function fail(): never {
  throw new Error('no such luck');
}

test.each<[string, (request: Request) => Request]>([
  [
    'a subclass that names another URL',
    (request) =>
      new (class extends Request {
        override get url() {
          return 'https://evil.example/x';
        }
      })(request),
  ],
  [
    'a Request whose URL, method and redirect are replaced after the call',
    (request) =>
      Object.defineProperties(request, {
        url: { get: () => (isSent ? 'https://evil.example/x' : 'https://api.example.com/x') },
        method: { get: () => (isSent ? 'DELETE' : 'GET') },
        redirect: { get: () => (isSent ? 'manual' : 'follow') },
      }),
  ],
])(
  'over a transport of the user’s own, %s goes where it was checked to go',
  { tags: ['fault-93'] },
  async (_, make) => {
    isSent = false;
    const sent: [string, string, string | undefined][] = [];
    const { server } = new Scene();
    const session = createAuthSession(server.provider(), {
      fetch: async (input: string | URL | Request, init: RequestInit = {}) => {
        sent.push([String(input), init.method ?? 'GET', init.redirect]);
        return new Response();
      },
    });
    const answer = session.fetch(make(new Request('https://api.example.com/x')));
    const withBody = make(new Request('https://api.example.com/x', { method: 'POST', body: 'a' }));
    const replaced = session.fetch(withBody, { method: 'PUT', body: 'b' });
    isSent = true;
    await Promise.all([answer, replaced]);
    expect(sent).toEqual([
      ['https://api.example.com/x', 'GET', 'follow'],
      ['https://api.example.com/x', 'PUT', 'follow'],
    ]);
  },
);

let isSent = false;
