import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { AuthSession, TokenStore } from '../src/index.js';
import { hour } from './support/durations.js';
import { noTimers, Scene } from './support/scene.js';

type Copy = typeof import('../src/index.js');

/** The library, loaded once more: what a program gets whose dependencies bring a second copy. */
async function loadCopy(): Promise<Copy> {
  vi.resetModules();
  return import('../src/index.js');
}

type OpenStore = (copy: Copy, now: () => number) => TokenStore;

describe.each<[string, OpenStore]>([
  ['memoryStore', ({ memoryStore }, now) => memoryStore({ now })],
  ['keyValueStore', ({ keyValueStore }) => keyValueStore(new Map<string, string>())],
  [
    'encryptedStore',
    ({ encryptedStore, memoryStore }, now) =>
      encryptedStore(memoryStore({ now }), { keys: [new Uint8Array(32)] }),
  ],
])('two copies of the library with one %s', { tags: ['fault-113'] }, (_, openStore) => {
  let scene: Scene;
  let first: AuthSession;
  let second: AuthSession;

  beforeEach(async () => {
    scene = new Scene();
    const copies = [await loadCopy(), await loadCopy()] as const;
    expect(copies[0].createAuthSession).not.toBe(copies[1].createAuthSession);
    const { clock } = scene;
    const options = { store: openStore(copies[0], clock.now.bind(clock)), clock, scheduler: noTimers };
    [first, second] = copies.map(({ createAuthSession }) =>
      createAuthSession(scene.server.provider(), options),
    ) as [AuthSession, AuthSession];
  });

  test('make one exchange, at the login, at an expiry and at a refusal', async () => {
    const both = async (call: (session: AuthSession) => Promise<string | undefined>) =>
      new Set(await Promise.all([first, second].map(call)));
    expect(await both((session) => session.getAccessToken())).toEqual(new Set(['access-1']));
    await scene.clock.advance(2 * hour);
    expect(await both((session) => session.getAccessToken())).toEqual(new Set(['access-2']));
    const refused = (session: AuthSession) => session.getAccessToken({ rejected: 'access-2' });
    expect(await both(refused)).toEqual(new Set(['access-3']));
    expect(scene.server.ledger.map(({ endpoint }) => endpoint)).toEqual(['login', 'refresh', 'refresh']);
  });

  test('hear of each other’s sign-out and sign-in at once', async () => {
    await first.getTokens();
    await second.getTokens();
    await first.signOut();
    await vi.waitFor(() => expect(second.peek()).toBeUndefined());
    await expect(second.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    await second.signIn();
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    await first.signIn();
    const inHand = first.peek()?.accessToken;
    await vi.waitFor(() => expect(second.peek()?.accessToken).toBe(inHand));
  });
});
