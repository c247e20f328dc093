import {
  encryptedStore,
  type MaybePromise,
  systemClock,
  type TokenRecord,
  type TokenStore,
  withDeadline,
} from '@auth/core';
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { isPassing, type RefusingStore } from './fallback-store.js';

interface Schema extends DBSchema {
  /** Encrypted records. */
  records: { key: string; value: TokenRecord };
  /** The key that encrypts the records. It cannot be exported. */
  keys: { key: 'current'; value: CryptoKey };
}

interface Opened {
  readonly database: IDBPDatabase<Schema>;
  /** Encrypts records before they go to the database. */
  readonly store: TokenStore;
}

/** Time limit for opening the database, which another tab can block indefinitely. */
const openMs = 3_000;
/** After a blocked opening the next attempt waits this long. */
const restMs = 10_000;

/**
 * Keeps records in IndexedDB, encrypted with a key that never leaves it. Compare and write are one transaction, which
 * excludes other tabs. Rejects while the browser refuses: quota used up, some private modes, pages without WebCrypto.
 */
export class IndexedDbStore implements RefusingStore {
  readonly #name: string;
  #opened: Promise<Opened> | undefined;
  /** When the last opening timed out, on the monotonic clock. */
  #timedOutAt: number | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  get(key: string): Promise<TokenRecord | undefined> {
    return this.#use(({ store }) => store.get(key));
  }

  compareAndSet(key: string, expectedId: string | undefined, next: TokenRecord): Promise<boolean> {
    return this.#use(({ store }) => store.compareAndSet(key, expectedId, next));
  }

  /** Deletes the record, which works even when the quota is used up. */
  forget(key: string, id: string): Promise<void> {
    return this.#use(async ({ database }) => {
      const transaction = database.transaction('records', 'readwrite');
      const standing = await transaction.store.get(key);
      if (standing?.id === id) transaction.store.delete(key).catch(() => {});
      await transaction.done;
    });
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    (await opened?.catch(() => undefined))?.database.close();
  }

  /**
   * After a failure that passes the database is opened again and the work done again, twice at most. A database that
   * does not open at all, as in a damaged profile, is a failure that lasts.
   */
  async #use<Result>(work: (opened: Opened) => MaybePromise<Result>): Promise<Result> {
    for (let retries = 2; ; retries--) {
      const opened = this.#open();
      let isOpen = false;
      try {
        const connection = await opened;
        isOpen = true;
        return await work(connection);
      } catch (error) {
        if (retries === 0 && !isOpen && isPassing(error))
          throw new DOMException(String(error), 'NotReadableError');
        if (retries === 0 || !isClosed(error)) throw error;
        if (this.#opened === opened) {
          this.#opened = undefined;
          opened.then(({ database }) => database.close()).catch(() => {});
        }
      }
    }
  }

  #open(): Promise<Opened> {
    const hasRested = this.#timedOutAt !== undefined && performance.now() - this.#timedOutAt > restMs;
    if (this.#opened !== undefined && !hasRested) return this.#opened;
    const opening = this.#connect();
    this.#timedOutAt = undefined;
    this.#opened = opening;
    opening.catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'TimeoutError')
        this.#timedOutAt = performance.now();
      else if (this.#opened === opening) this.#opened = undefined;
    });
    return opening;
  }

  async #connect(): Promise<Opened> {
    if (globalThis.crypto?.subtle === undefined) throw new DOMException('no WebCrypto', 'SecurityError');
    if (globalThis.indexedDB === undefined) throw new DOMException('no IndexedDB', 'NotSupportedError');
    const database = await this.#openDatabase();
    try {
      const key = await keyIn(database);
      return { database, store: encryptedStore(recordsIn(database), { keys: [key] }) };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  async #openDatabase(): Promise<IDBPDatabase<Schema>> {
    const opening = openDB<Schema>(this.#name, 1, {
      upgrade(database) {
        database.createObjectStore('records');
        database.createObjectStore('keys');
      },
      // Another tab wants to delete or to upgrade the database. Our next use opens it again.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
    const late = (): DOMException => {
      opening.then((database) => database.close()).catch(() => {});
      return new DOMException('another tab blocks the database', 'TimeoutError');
    };
    return withDeadline(systemClock, openMs, late, opening);
  }
}

/**
 * Whether the connection is lost, or one transaction: the database was closed by the browser, or for another tab that
 * wants to delete it; it was deleted; or the browser aborted a write. Seen as InvalidStateError in all browsers, and as
 * UnknownError in Safari after its database process ended.
 */
function isClosed(error: unknown): boolean {
  return isPassing(error) || (error instanceof DOMException && error.name === 'InvalidStateError');
}

/** The database's encryption key, which the first tab makes. */
async function keyIn(database: IDBPDatabase<Schema>): Promise<CryptoKey> {
  const standing = await database.get('keys', 'current');
  if (standing !== undefined) return standing;
  const usages = ['encrypt', 'decrypt'] as const;
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, usages);
  const transaction = database.transaction('keys', 'readwrite');
  const others = await transaction.store.get('current');
  if (others === undefined) transaction.store.put(made, 'current').catch(() => {});
  await transaction.done;
  return others ?? made;
}

function recordsIn(database: IDBPDatabase<Schema>): TokenStore {
  return {
    get: (key) => database.get('records', key),
    async compareAndSet(key, expectedId, next) {
      const transaction = database.transaction('records', 'readwrite', { durability: 'strict' });
      const standing = await transaction.store.get(key);
      const isExpected = standing?.id === expectedId;
      // A write that fails aborts the transaction, and `done` rejects with the reason.
      if (isExpected) transaction.store.put(next, key).catch(() => {});
      await transaction.done;
      return isExpected;
    },
  };
}
