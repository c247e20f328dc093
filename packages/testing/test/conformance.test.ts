import {
  AuthError,
  type AuthProvider,
  encryptedStore,
  keyValueStore,
  leasedStore,
  memoryStore,
  type TokenRecord,
  type TokenStore,
} from '@auth/core';
import { describe, expect, test } from 'vitest';
import {
  authProviderSuite,
  type ProviderFixture,
  servePeer,
  type TokenStoreSuiteOptions,
  tokenStoreSuite,
} from '../src/conformance/index.js';

describe('core’s own stores pass', () => {
  describe('memoryStore', () => tokenStoreSuite(test, () => memoryStore()));
  describe('keyValueStore over a Map', () =>
    tokenStoreSuite(test, () => keyValueStore(new Map<string, string>())));
  describe('keyValueStore over an asynchronous store', () =>
    tokenStoreSuite(test, () => {
      const map = new Map<string, string>();
      return keyValueStore({
        getItem: async (key: string) => map.get(key) ?? null,
        setItem: async (key: string, value: string) => void map.set(key, value),
      });
    }));
  describe('encryptedStore', () =>
    tokenStoreSuite(test, () => encryptedStore(memoryStore(), { keys: [new Uint8Array(32)] })));
  const leaseMs = 1_000;
  describe('leasedStore', () =>
    tokenStoreSuite(test, () => leasedStore(memoryStore(), { leaseMs }), {
      leaseMs,
      openPeer: peersOn((shared) => ({ ...leasedStore(shared, { leaseMs }), subscribe: shared.subscribe })),
    }));
});

/** A store in memory that tells others of changes: what peers in one process share. */
function sharedStore(): Required<Pick<TokenStore, 'subscribe'>> & TokenStore {
  const inner = memoryStore();
  const listeners = new Set<() => void>();
  return {
    get: async (key) => inner.get(key),
    async compareAndSet(key, expected, next) {
      const isSet = await inner.compareAndSet(key, expected, next);
      if (isSet) for (const listener of listeners) listener();
      return isSet;
    },
    subscribe: (_, listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Peers in this process, each with a store of its own over what the place's peers share. */
function peersOn(
  open: (shared: ReturnType<typeof sharedStore>) => TokenStore,
): NonNullable<TokenStoreSuiteOptions['openPeer']> {
  const places = new Map<string, ReturnType<typeof sharedStore>>();
  return async (place) => {
    const shared = places.get(place) ?? sharedStore();
    places.set(place, shared);
    let isAlive = true;
    const alive = <Result>(work: () => Result): Result | Promise<never> =>
      isAlive ? work() : new Promise<never>(() => {});
    const store = open({
      ...shared,
      get: (key) => alive(() => shared.get(key)),
      compareAndSet: (key, expected, next) => alive(() => shared.compareAndSet(key, expected, next)),
    });
    return {
      run: servePeer(store),
      kill: async () => {
        isAlive = false;
      },
    };
  };
}

/** The names of the promises that a store breaks. */
async function brokenPromises(
  createStore: () => TokenStore,
  options?: TokenStoreSuiteOptions,
): Promise<string[]> {
  const tests: [string, () => Promise<void>][] = [];
  tokenStoreSuite((name, run) => tests.push([name, run]), createStore, options);
  const broken: string[] = [];
  for (const [name, run] of tests) {
    await run().catch(() => broken.push(name.replace(/^token store(, several processes)?: /, '')));
  }
  return broken;
}

describe('the suite finds stores that break a promise', () => {
  const over = (changes: (inner: TokenStore) => Partial<TokenStore>) => () => {
    const inner = memoryStore();
    return { get: inner.get, compareAndSet: inner.compareAndSet, ...changes(inner) };
  };

  test.each<[string, () => TokenStore, string]>([
    [
      'compare that never refuses',
      () => {
        const records = new Map<string, TokenRecord>();
        return {
          get: (key) => records.get(key),
          compareAndSet: (key, _expected, next) => records.set(key, next) !== undefined,
        };
      },
      'compareAndSet changes nothing where another record stands',
    ],
    [
      'compare with a gap',
      () => {
        const records = new Map<string, TokenRecord>();
        return {
          get: (key) => records.get(key),
          compareAndSet: async (key, expected, next) => {
            const { id } = records.get(key) ?? {};
            await new Promise((resolve) => setTimeout(resolve, 1));
            if (id !== expected) return false;
            records.set(key, next);
            return true;
          },
        };
      },
      'of many writers that expect the same record one wins',
    ],
    [
      'keys in lower case',
      over((inner) => ({
        get: (key) => inner.get(key.toLowerCase()),
        compareAndSet: (key, expected, next) => inner.compareAndSet(key.toLowerCase(), expected, next),
      })),
      'keys are kept apart',
    ],
    [
      'evictAt rounded',
      over((inner) => ({
        compareAndSet: (key, expected, next) =>
          inner.compareAndSet(key, expected, {
            ...next,
            ...(next.evictAt === undefined ? {} : { evictAt: Math.floor(next.evictAt / 1_000) * 1_000 }),
          }),
      })),
      'evictAt comes back as it was given, or not at all',
    ],
    [
      'a lock that excludes nobody',
      over(() => ({
        lock: async () => ({ lost: new AbortController().signal, held: () => true, release: () => {} }),
      })),
      'a lock, where there is one, excludes until it is released',
    ],
  ])('%s', async (_, createStore, promise) => {
    expect(await brokenPromises(createStore)).toContain(promise);
  });

  const noLock: TokenStore['lock'] = async () => ({
    lost: new AbortController().signal,
    held: () => true,
    release: () => {},
  });
  test.each<[string, (shared: ReturnType<typeof sharedStore>) => TokenStore, string]>([
    [
      'a compare that is atomic within one process only',
      (shared) => ({
        ...shared,
        lock: noLock,
        async compareAndSet(key, expected, next) {
          if ((await shared.get(key))?.id !== expected) return false;
          await new Promise((resolve) => setTimeout(resolve, 1));
          return shared.compareAndSet(key, (await shared.get(key))?.id, next);
        },
      }),
      'no write of any is lost',
    ],
    [
      'a lock within one process only',
      (shared) => ({ ...shared, lock: noLock }),
      'of many holders of the lock one is inside',
    ],
    [
      'no notification',
      (shared) => ({ ...shared, lock: noLock, subscribe: () => () => {} }),
      'a change is told to the others, where that is possible',
    ],
    [
      'a lock that dies with its holder',
      (shared) => ({
        ...shared,
        async lock(key, { signal }) {
          const name = `${key}.lock`;
          const isFree = async (): Promise<boolean> => (await shared.get(name))?.id !== 'held';
          const set = async (from: string | undefined, id: string): Promise<boolean> =>
            shared.compareAndSet(name, from, { id, value: '' });
          while (!((await isFree()) && (await set((await shared.get(name))?.id, 'held')))) {
            await new Promise((resolve) => setTimeout(resolve, 10));
            signal.throwIfAborted();
          }
          return { lost: signal, held: () => true, release: async () => void (await set('held', 'free')) };
        },
      }),
      'the lock of a holder that was killed is free in time',
    ],
  ])(
    'across processes: %s',
    async (_, open, promise) => {
      const broken = await brokenPromises(() => memoryStore(), { leaseMs: 100, openPeer: peersOn(open) });
      expect(broken).toContain(promise);
    },
    20_000,
  );

  test('a store without lock and notification is no worse for it', async () => {
    const openPeer = peersOn(({ get, compareAndSet }) => ({ get, compareAndSet }));
    expect(await brokenPromises(() => memoryStore(), { leaseMs: 100, openPeer })).toEqual([]);
  });

  test('a lease that nobody renews', async () => {
    const forgetful = (): TokenStore => {
      let heldUntil = 0;
      return {
        ...memoryStore(),
        async lock(_, { signal }) {
          while (Date.now() < heldUntil) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            signal.throwIfAborted();
          }
          heldUntil = Date.now() + 200;
          return { lost: new AbortController().signal, held: () => true, release: () => {} };
        },
      };
    };
    expect(await brokenPromises(forgetful, { leaseMs: 200 })).toContain(
      'a lease is renewed for as long as it is needed',
    );
  });

  test('and none in one that keeps them all, which it disposes', async () => {
    let disposed = 0;
    const createStore = (): TokenStore & Disposable =>
      Object.assign(memoryStore(), { [Symbol.dispose]: () => void disposed++ });
    expect(await brokenPromises(createStore)).toEqual([]);
    expect(disposed).toBe(11);
    const createAsync = (): TokenStore & AsyncDisposable =>
      Object.assign(memoryStore(), { [Symbol.asyncDispose]: async () => void disposed++ });
    await brokenPromises(createAsync);
    expect(disposed).toBe(22);
  });
});

describe('the provider suite finds providers that break a promise', () => {
  const issuer = 'https://auth.example.com';

  /** A provider written in a hurry. */
  function careless(password: string): AuthProvider {
    return {
      name: 'careless',
      issuer,
      account: `ada:${password}`,
      allowedOrigins: [issuer],
      prepareLogin: () => ({
        secrets: [password],
        login: async ({ fetch }) => {
          const response = await fetch(`${issuer}/login?password=${password}`, { method: 'POST' });
          if (!response.ok) throw new Error(`login with ${password} failed: ${response.status}`);
          const { token } = (await response.json()) as { token: string };
          return { accessToken: token };
        },
      }),
    };
  }

  test('a secret in account, URL and error, a refusal untold, a page taken for tokens', async () => {
    const fixture = (): ProviderFixture => ({
      provider: careless('right-password'),
      refused: careless('wrong-password'),
      fetch: async (input) =>
        String(input).includes('right') ? Response.json({ token: 't' }) : Response.json({}, { status: 401 }),
      secrets: ['right-password', 'wrong-password'],
    });
    const broken: string[] = [];
    const tests: [string, () => Promise<void>][] = [];
    authProviderSuite((name, run) => tests.push([name, run]), fixture);
    for (const [name, run] of tests)
      await run().catch((error: Error) => broken.push(`${name}: ${error.message}`));
    const found = broken.join('\n');
    for (const promise of [
      'it says who it is, and no secret: account holds a secret',
      'a refused password is invalid_credentials',
      'never in a URL: a URL holds a secret',
      'JSON without a token is neither a token nor a refusal',
      '429 is rate_limited',
    ]) {
      expect(found).toContain(promise);
    }
    expect(found).not.toContain('a login brings a token');
    expect(new AuthError('network')).toBeInstanceOf(Error);
  });
});
