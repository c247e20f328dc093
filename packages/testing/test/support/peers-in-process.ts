import { memoryStore, type TokenStore } from '@auth/core';
import { servePeer, type TokenStoreSuiteOptions } from '../../src/conformance/index.js';

/** What the peers of one place share. */
export type SharedStore = Required<Pick<TokenStore, 'subscribe'>> & TokenStore;

/** A store in memory that tells all its users of changes. */
function sharedStore(): SharedStore {
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
export function peersOn(
  open: (shared: SharedStore) => TokenStore,
): NonNullable<TokenStoreSuiteOptions['openPeer']> {
  const places = new Map<string, SharedStore>();
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
