import { describe, expect, test } from 'vitest';
import { type AuthSession, createAuthSession, memoryStore, type TokenStore } from '../src/index.js';
import { minute, second } from './support/durations.js';
import { settle } from './support/manual-clock.js';
import { noTimers, Scene } from './support/scene.js';
import { twoProcesses } from './support/two-processes.js';

const url = 'https://api.example.com/orders';

const uses: [string, (session: AuthSession) => Promise<unknown>][] = [
  ['getTokens', (session) => session.getTokens()],
  ['getAccessToken', (session) => session.getAccessToken()],
  ['getHeaders', (session) => session.getHeaders(url)],
  ['attach', async (session) => session.attach(url, new Headers())],
  ['fetch', (session) => session.fetch(url)],
];

/** Accounts with tokens in one store, a session each. */
async function accountsOnOneStore(count: number) {
  const { scene, backend } = twoProcesses();
  const store = backend.open({ lock: true, subscribe: true });
  const sessions = Array.from({ length: count }, (_, index) =>
    scene.open({ store, key: `account-${index}`, scheduler: noTimers }),
  );
  await Promise.all(sessions.map((session) => session.getTokens()));
  return { scene, backend, store, sessions };
}

describe('after the notifications of a store were cut off', () => {
  test.each(uses)(
    'a sign-out elsewhere is heard of by the first use: %s',
    {
      tags: ['fault-133a'],
    },
    async (_, use) => {
      const { backend, first, second: elsewhere } = twoProcesses({ lock: true, subscribe: true });
      await first.getTokens();
      await elsewhere.getTokens();
      const reconnect = backend.cutOffNotifications();
      await elsewhere.signOut();
      await settle();
      reconnect();
      await expect(use(first)).rejects.toMatchObject({ code: 'signed_out' });
    },
  );

  test('nothing is read until a session is used, then once, and nothing is exchanged', {
    tags: ['fault-130'],
  }, async () => {
    const { scene, backend, first } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await scene.clock.advance(minute);
    backend.cutOffNotifications()();
    await settle();
    backend.calls = [];
    await scene.clock.advance(10 * minute);
    expect(backend.calls).toEqual([]);
    await Promise.all(Array.from({ length: 100 }, () => first.getAccessToken()));
    expect(backend.calls).toEqual(['get']);
    await first.getTokens();
    expect(first.getTokens()).toBe(first.getTokens());
    expect(backend.calls).toEqual(['get']);
    expect(scene.server.ledger).toHaveLength(1);
  });

  test('maintain() looks once, and renews nothing that is fresh', { tags: ['fault-130'] }, async () => {
    const { scene, backend, first } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    backend.cutOffNotifications()();
    backend.calls = [];
    expect(await first.maintain()).toMatchObject({ state: 'signed_in', nextAt: expect.any(Number) });
    expect(backend.calls).toEqual(['get']);
    expect(scene.server.ledger).toHaveLength(1);
  });

  test('a set that somebody else has saved is adopted by the first use', {
    tags: ['fault-133a'],
  }, async () => {
    const { scene, backend, first, second: elsewhere } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await elsewhere.getTokens();
    const reconnect = backend.cutOffNotifications();
    await elsewhere.getTokens({ forceRefresh: true });
    reconnect();
    expect(await first.getAccessToken()).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });

  test('a flight under way looks again when it has landed', { tags: ['fault-133a'] }, async () => {
    const { scene, backend, first, second: elsewhere } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await elsewhere.getTokens();
    const answer = scene.server.holdNext('refresh');
    const forced = first.getAccessToken({ forceRefresh: true });
    await settle();
    backend.cutOffNotifications()();
    answer();
    expect(await forced).toBe('access-2');
    await settle();
    expect(await elsewhere.getAccessToken()).toBe('access-2');
  });

  test('the token that lives is served while the store is away, and a sign-out is heard of soon after', {
    tags: ['fault-133a'],
  }, async () => {
    const { scene, backend, first, second: elsewhere } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await elsewhere.getTokens();
    const reconnect = backend.cutOffNotifications();
    await elsewhere.signOut();
    reconnect();
    const repair = backend.breakDown('get');
    expect(await first.getAccessToken()).toBe('access-1');
    expect(await first.getAccessToken()).toBe('access-1');
    repair();
    await scene.clock.advance(30 * second);
    await expect(first.getAccessToken()).rejects.toMatchObject({ code: 'signed_out' });
  });

  test('news that was missed while a read is under way makes the next use read again', {
    tags: ['fault-133a'],
  }, async () => {
    const { backend, first, second: elsewhere } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await elsewhere.getTokens();
    const missed = backend.cutOffNotifications();
    missed();
    // The record is read, and the answer takes a while.
    const answer = Promise.withResolvers<void>();
    const before = new Map(backend.records);
    backend.next('get', () => answer.promise);
    const use = first.getAccessToken();
    await settle();
    const after = backend.cutOffNotifications();
    await elsewhere.signOut();
    const signedOut = new Map(backend.records);
    for (const [key, record] of before) backend.records.set(key, record);
    after();
    backend.next('get', () => {
      for (const [key, record] of signedOut) backend.records.set(key, record);
    });
    answer.resolve();
    await expect(use).rejects.toMatchObject({ code: 'signed_out' });
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
  });

  test.each<[string, (first: AuthSession, announce: () => void) => Promise<unknown>]>([
    ['a look at an announced change', async (_, announce) => announce()],
    ['maintain()', (first) => first.maintain()],
  ])(
    'news that was missed during %s makes the next use read',
    {
      tags: ['fault-133a'],
    },
    async (_, look) => {
      const { backend, open, second: elsewhere } = twoProcesses({ lock: true, subscribe: true });
      const store = backend.open({ lock: true, subscribe: true });
      const { get } = store;
      let arriving: Promise<void> | undefined;
      store.get = async (key) => {
        const record = await get(key);
        await arriving;
        return record;
      };
      const first = open({ store });
      await first.getTokens();
      await elsewhere.getTokens();
      // What is read now takes a while to arrive.
      const answer = Promise.withResolvers<void>();
      arriving = answer.promise;
      const looking = look(first, backend.announce);
      await settle();
      const reconnect = backend.cutOffNotifications();
      await elsewhere.signOut();
      reconnect();
      answer.resolve();
      await looking;
      await settle();
      await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    },
  );

  test('no caller with a living token waits for long for a store that does not answer', {
    tags: ['fault-53', 'fault-130'],
  }, async () => {
    const { scene, backend, store, sessions } = await accountsOnOneStore(1_500);
    const reconnect = backend.cutOffNotifications();
    const { get } = store;
    store.get = () => new Promise(() => {});
    reconnect();
    const startedAt = scene.clock.monotonic();
    const outcomes = await scene.until(Promise.all(sessions.map((session) => session.getAccessToken())));
    expect(outcomes).toHaveLength(1_500);
    expect(scene.clock.monotonic() - startedAt).toBeLessThan(15 * second);
    store.get = get;
  });

  test('one record that cannot be read lets nobody else go before their turn', {
    tags: ['fault-130'],
  }, async () => {
    const { scene, backend, store, sessions } = await accountsOnOneStore(300);
    backend.cutOffNotifications()();
    backend.records.set('account-0', { id: 'later', value: '{"v":2}' });
    const { get } = store;
    let [reading, most] = [0, 0];
    store.get = async (key) => {
      most = Math.max(most, ++reading);
      await settle();
      reading--;
      return get(key);
    };
    await scene.until(Promise.allSettled(sessions.map((session) => session.getAccessToken())));
    expect(most).toBeLessThanOrEqual(64);
  });

  test('a thousand accounts that are used at once read 64 at a time, and the wait in line is not timed', {
    tags: ['fault-130'],
  }, async () => {
    const scene = new Scene();
    const inner = memoryStore({ now: () => scene.clock.now() });
    const listeners: ((news?: 'missed') => void)[] = [];
    let reading = 0;
    let most = 0;
    let isSlow = false;
    const store: TokenStore = {
      ...inner,
      subscribe: (_, listener) => {
        listeners.push(listener);
        return () => {};
      },
      get: async (key) => {
        most = Math.max(most, ++reading);
        if (isSlow) await new Promise<void>((resolve) => scene.clock.setTimeout(resolve, second));
        reading--;
        return inner.get(key);
      },
    };
    const sessions = Array.from({ length: 1_000 }, (_, account) =>
      createAuthSession({ ...scene.server.provider(), account: `${account}` }, { store, clock: scene.clock }),
    );
    await scene.until(Promise.all(sessions.map((session) => session.getTokens())));
    for (const listener of listeners) listener('missed');
    isSlow = true;
    most = 0;
    const failures: unknown[] = [];
    const used = Promise.all(
      sessions.map((session) => session.getTokens().catch((error) => failures.push(error))),
    );
    await scene.clock.advance(20 * second);
    await used;
    expect(failures).toEqual([]);
    expect(most).toBe(64);
    expect(scene.server.ledger).toHaveLength(1_000);
  });
});
