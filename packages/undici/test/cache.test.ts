import { Agent, cacheStores, type Dispatcher, interceptors, request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { authInterceptor } from '../src/index.js';
import { Api, openSession } from './support/scene.js';

let api: Api;
let agent: Agent;
beforeEach(async () => {
  api = await Api.start();
  agent = new Agent();
});
afterEach(async () => {
  await agent.destroy();
  await api[Symbol.asyncDispose]();
});

/** The API answers each person with the token that it was shown. */
function answerInPerson(cacheControl: string): void {
  api.on('/me', ({ headers }, response) => {
    response.writeHead(200, { 'cache-control': cacheControl });
    setTimeout(() => response.end(headers.authorization), 20);
    return 200;
  });
}

/** A dispatcher for one person, whose token is the name. */
function dispatcherOf(
  name: string,
  compose: (auth: Dispatcher.DispatcherComposeInterceptor) => Dispatcher,
): Dispatcher {
  const prepareLogin = () => ({ secrets: [name], login: async () => ({ accessToken: name }) });
  const { session } = openSession([api], { change: { prepareLogin, account: name } });
  return compose(authInterceptor(session));
}

const read = async (dispatcher: Dispatcher): Promise<string> => {
  const { body } = await request(`${api.origin}/me`, { dispatcher });
  return body.text();
};

const sharing: [string, () => Dispatcher.DispatcherComposeInterceptor][] = [
  ['cache()', () => interceptors.cache({ store: new cacheStores.MemoryCacheStore(), cacheByDefault: 60 })],
  ['deduplicate()', () => interceptors.deduplicate()],
];

describe.each(sharing)('interceptors.%s, shared by two persons', (_, open) => {
  test.each(['max-age=60', 'no-cache', 'private, max-age=60', 'max-age=60, stale-while-revalidate=60'])(
    'listed before the session’s, each gets the own answer: %s',
    { tags: ['fault-96'] },
    async (cacheControl) => {
      answerInPerson(cacheControl);
      const shared = open();
      const [ada, bob] = ['ada', 'bob'].map((name) =>
        dispatcherOf(name, (auth) => agent.compose(shared, auth)),
      ) as [Dispatcher, Dispatcher];
      expect(await Promise.all([read(ada), read(bob)])).toEqual(['Bearer ada', 'Bearer bob']);
      expect([await read(ada), await read(bob)]).toEqual(['Bearer ada', 'Bearer bob']);
    },
  );

  test('listed after the session’s, it is refused before anything is sent', {
    tags: ['fault-96'],
  }, async () => {
    answerInPerson('max-age=60');
    const { retry, redirect } = interceptors;
    const orders: ((auth: Dispatcher.DispatcherComposeInterceptor) => Dispatcher)[] = [
      (auth) => agent.compose(auth, open()),
      (auth) => agent.compose(auth, redirect({ maxRedirections: 3 }), open()),
      (auth) => agent.compose(auth, retry(), open()),
      (auth) => agent.compose(auth).compose(open()),
    ];
    for (const compose of orders)
      await expect(read(dispatcherOf('ada', compose))).rejects.toMatchObject({
        code: 'invalid_options',
        message: expect.stringContaining('before authInterceptor()'),
      });
    expect(api.seen).toEqual([]);
  });
});
