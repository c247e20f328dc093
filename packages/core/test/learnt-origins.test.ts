import { describe, expect, test } from 'vitest';
import type { AuthProvider, AuthSession, IssuedTokens } from '../src/index.js';
import { createAuthSession } from '../src/index.js';
import { noTimers, Scene } from './support/scene.js';

const exact = 'https://login.example.com';
const mine = 'https://mine.api.example.com';
const moved = 'https://moved.api.example.com';
const others = 'https://others.api.example.com';

interface Learnt {
  readonly session: AuthSession;
  readonly scene: Scene;
  /** What the transport was asked for, with the token. */
  readonly sent: [url: string, authorization: string | null][];
  /** What the next exchange names as the account's host. */
  host: string;
  answer: (url: string) => Response;
}

function open(changes: Partial<AuthProvider> = {}): Learnt {
  const scene = new Scene();
  const provider = scene.server.provider();
  const named = (issued: IssuedTokens): IssuedTokens => ({ ...issued, extra: { host: learnt.host } });
  const { prepareLogin, refresh } = provider as Required<AuthProvider>;
  const learnt: Learnt = {
    scene,
    sent: [],
    host: mine,
    answer: () => new Response('welcome'),
    session: createAuthSession(
      {
        ...provider,
        allowedOrigins: [exact, 'https://*.api.example.com'],
        prepareLogin: async () => {
          const prepared = await prepareLogin();
          return { ...prepared, login: async (context) => named(await prepared.login(context)) };
        },
        refresh: async (...given) => named(await refresh(...given)),
        originsOf: ({ extra }) => [String(extra?.['host'])],
        ...changes,
      },
      {
        clock: scene.clock,
        scheduler: noTimers,
        fetch: async (input, init) => {
          const { url, headers } = new Request(input, init);
          learnt.sent.push([url, headers.get('authorization')]);
          return learnt.answer(url);
        },
      },
    ),
  };
  return learnt;
}

const refused = { code: 'origin_not_allowed' };

describe('hosts of the API that are learnt at the login', () => {
  test('get the token, as do exact origins; others within the pattern do not', async () => {
    const { session, sent } = open();
    for (const url of [`${mine}/orders`, `${exact}/me`, new URL(`${mine}/a`), new Request(`${mine}/b`)])
      expect((await session.fetch(url)).status).toBe(200);
    expect(sent.map(([, authorization]) => authorization)).toEqual(Array(4).fill('Bearer access-1'));
    await expect(session.fetch(`${others}/orders`)).rejects.toMatchObject(refused);
    await expect(session.getHeaders(`${others}/orders`)).rejects.toMatchObject(refused);
    const headers = new Headers();
    expect(() => session.attach(`${others}/orders`, headers)).toThrow(expect.objectContaining(refused));
    expect([...headers]).toEqual([]);
    expect(sent).toHaveLength(4);
  });

  test('are filtered by the pattern, and must be on https', async () => {
    for (const host of ['https://evil.example.net', 'http://mine.api.example.com', 'not a URL', '']) {
      const learnt = open();
      learnt.host = host;
      for (const url of [host, mine])
        if (URL.canParse(url)) await expect(learnt.session.fetch(url)).rejects.toThrow();
      expect(learnt.sent).toEqual([]);
    }
  });

  test('may be named by a URL with a path', async () => {
    const learnt = open();
    learnt.host = `${mine}/services/data`;
    expect((await learnt.session.fetch(`${mine}/orders`)).status).toBe(200);
  });

  test('are those of the very set that is sent: a replay with a set that names another host is not sent', async () => {
    const learnt = open();
    await learnt.session.fetch(`${mine}/orders`);
    learnt.host = moved;
    learnt.answer = () => new Response('no', { status: 401 });
    await expect(learnt.session.fetch(`${mine}/orders`)).rejects.toMatchObject(refused);
    expect(learnt.sent).toHaveLength(2);
    learnt.answer = () => new Response('welcome');
    expect((await learnt.session.fetch(`${moved}/orders`)).status).toBe(200);
    await expect(learnt.session.fetch(`${mine}/orders`)).rejects.toMatchObject(refused);
  });

  test('bind redirects that are followed with the token', async () => {
    const learnt = open({ authorize: (headers, { accessToken }) => headers.set('x-token', accessToken) });
    learnt.answer = () => new Response(null, { status: 307, headers: { location: `${others}/orders` } });
    await expect(learnt.session.fetch(`${mine}/orders`)).rejects.toMatchObject(refused);
    expect(learnt.sent).toHaveLength(1);
  });

  test.each([undefined, 'https://mine.api.example.com', Promise.resolve([mine])])(
    'are none where the provider returns no list: %s',
    async (named) => {
      const { session } = open({ originsOf: () => named as never });
      await expect(session.fetch(`${mine}/orders`)).rejects.toMatchObject(refused);
    },
  );

  test('are none where the provider throws', async () => {
    const { session } = open({
      originsOf: () => {
        throw new Error('a fault in the provider');
      },
    });
    await expect(session.fetch(`${mine}/orders`)).rejects.toMatchObject(refused);
    expect((await session.fetch(`${exact}/me`)).status).toBe(200);
  });
});
