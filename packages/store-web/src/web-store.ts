import {
  AuthError,
  type AuthEvent,
  keyValueStore,
  leasedStore,
  memoryStore,
  reasonOf,
  storeEvents,
  type TokenStore,
} from '@auth/core';
import { Channels } from './channels.js';
import { fallbackStore, type RefusingStore } from './fallback-store.js';
import { IndexedDbStore } from './indexed-db.js';
import { webLock } from './web-lock.js';

/** Options of {@link webStore}. */
export interface WebStoreOptions {
  /** Names the database, the locks and the channels. Stores of one origin and name share records. Default `auth-tokens`. */
  readonly name?: string | undefined;
  /**
   * Whether records that IndexedDB refuses go to localStorage rather than to memory. Every script of the origin, and
   * anybody with access to the disk, can read them there. Default false.
   */
  readonly allowPlaintext?: boolean | undefined;
  /** Receives `store_degraded` when the browser refuses to keep a record where it should be. */
  readonly onEvent?: ((event: AuthEvent) => void) | undefined;
}

/** A store in a browser. Disposing it closes its database connection and channels; records and locks stay. */
export interface WebStore extends Required<Omit<TokenStore, 'dataId'>>, AsyncDisposable {}

/**
 * Keeps records in IndexedDB, shared by all tabs of an origin and encrypted at rest; `lock` excludes other tabs. A
 * record that the browser refuses is kept in memory until the browser accepts records again, and an event reports it.
 * Importing the module and creating a store touch nothing, so that pages can be rendered on a server.
 *
 * @throws AuthError `invalid_options`
 */
export function webStore(options: WebStoreOptions = {}): WebStore {
  const { name = 'auth-tokens', allowPlaintext = false, onEvent } = options;
  if (typeof name !== 'string' || name === '') {
    throw new AuthError('invalid_options', { detail: 'name: expected a string that is not empty' });
  }
  const tell = storeEvents('store-web', onEvent);
  const degraded =
    (keptIn: 'local_storage' | 'memory') =>
    (key: string, error: unknown): void =>
      tell({ type: 'store_degraded', keptIn, reason: reasonOf(error) }, key);
  const database = new IndexedDbStore(name);
  const records = allowPlaintext
    ? fallbackStore(
        database,
        fallbackStore(inLocalStorage(name), memoryStore(), degraded('memory')),
        degraded('local_storage'),
      )
    : fallbackStore(database, memoryStore(), degraded('memory'));
  const leased = leasedStore(records) as Required<TokenStore>;
  const channels = new Channels(name);
  return {
    get: (key) => leased.get(key),

    async compareAndSet(key, expectedId, next) {
      const isSet = await leased.compareAndSet(key, expectedId, next);
      if (isSet) channels.tell(key, next.id);
      return isSet;
    },

    async lock(key, options) {
      try {
        return await webLock(`auth:${name}:${key}`, options.signal);
      } catch (error) {
        if (!hasNoLocks(error)) throw error;
        return leased.lock(key, options);
      }
    },

    subscribe: (key, listener) => channels.subscribe(key, listener),

    async [Symbol.asyncDispose]() {
      channels.close();
      await database.close();
    },
  };
}

/** Whether the browser has no Web Locks: they are missing on plain http, and forbidden in a sandbox. */
function hasNoLocks(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof DOMException && error.name === 'SecurityError');
}

/** Reads the global at each call, because merely reading it throws if storage is forbidden. */
function inLocalStorage(name: string): RefusingStore {
  const store = keyValueStore({
    getItem: (key) => localStorage.getItem(`${name}:${key}`),
    setItem: (key, value) => localStorage.setItem(`${name}:${key}`, value),
  });
  // An empty record needs less room than the one it replaces.
  return {
    ...store,
    forget: async (key, id) => void (await store.compareAndSet(key, id, { id: 'none', value: '' })),
  };
}
