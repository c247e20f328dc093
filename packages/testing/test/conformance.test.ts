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
import { authProviderSuite, type ProviderFixture, tokenStoreSuite } from '../src/conformance/index.js';

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
  describe('leasedStore', () => tokenStoreSuite(test, () => leasedStore(memoryStore())));
});

/** The names of the promises that a store breaks. */
async function brokenPromises(createStore: () => TokenStore): Promise<string[]> {
  const tests: [string, () => Promise<void>][] = [];
  tokenStoreSuite((name, run) => tests.push([name, run]), createStore);
  const broken: string[] = [];
  for (const [name, run] of tests) {
    await run().catch(() => broken.push(name.replace('token store: ', '')));
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

  test('and none in one that keeps them all, which it disposes', async () => {
    let disposed = 0;
    const createStore = (): TokenStore & Disposable =>
      Object.assign(memoryStore(), { [Symbol.dispose]: () => void disposed++ });
    expect(await brokenPromises(createStore)).toEqual([]);
    expect(disposed).toBe(10);
    const createAsync = (): TokenStore & AsyncDisposable =>
      Object.assign(memoryStore(), { [Symbol.asyncDispose]: async () => void disposed++ });
    await brokenPromises(createAsync);
    expect(disposed).toBe(20);
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
