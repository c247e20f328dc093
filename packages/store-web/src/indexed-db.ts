import { encryptedStore, type MaybePromise, type TokenRecord, type TokenStore } from '@auth/core';
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { RefusingStore } from './fallback-store.js';

interface Schema extends DBSchema {
  /** Encrypted records. */
  records: { key: string; value: TokenRecord };
  /** The key they are encrypted with. Nothing can export it. */
  keys: { key: 'current'; value: CryptoKey };
}

interface Opened {
  readonly database: IDBPDatabase<Schema>;
  /** Encrypts what it stores there. */
  readonly store: TokenStore;
}

/** Another tab may hold up the opening for as long as it likes. */
const openMs = 3_000;
/** A database that another tab holds up is left alone for this. */
const restMs = 10_000;

/**
 * Keeps records in IndexedDB, encrypted under a key that stays there. A comparison and its write are one transaction,
 * which no other tab can enter. Rejects while the browser refuses: with its quota used up, in some private modes, on
 * pages without WebCrypto.
 */
export class IndexedDbStore implements RefusingStore {
  readonly #name: string;
  #opened: Promise<Opened> | undefined;
  /** When opening took too long, on the monotonic clock. */
  #heldUpAt: number | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  get(key: string): Promise<TokenRecord | undefined> {
    return this.#use(({ store }) => store.get(key));
  }

  compareAndSet(key: string, expectedId: string | undefined, next: TokenRecord): Promise<boolean> {
    return this.#use(({ store }) => store.compareAndSet(key, expectedId, next));
  }

  /** Deleting works where the quota is used up. */
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

  async #use<Result>(work: (opened: Opened) => MaybePromise<Result>): Promise<Result> {
    const opened = this.#open();
    try {
      return await work(await opened);
    } catch (error) {
      // The browser, or another tab that wants to delete it, has closed the database meanwhile.
      if (!(error instanceof DOMException && error.name === 'InvalidStateError')) throw error;
      if (this.#opened === opened) this.#opened = undefined;
      return work(await this.#open());
    }
  }

  #open(): Promise<Opened> {
    const hasRested = this.#heldUpAt !== undefined && performance.now() - this.#heldUpAt > restMs;
    if (this.#opened !== undefined && !hasRested) return this.#opened;
    const opening = this.#connect();
    this.#heldUpAt = undefined;
    this.#opened = opening;
    opening.catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'TimeoutError') this.#heldUpAt = performance.now();
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
      // Another tab wants to delete or to upgrade it. The next use opens it again.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new DOMException('another tab blocks the database', 'TimeoutError'));
      opening.then((database) => database.close()).catch(() => {});
    }, openMs);
    try {
      return await Promise.race([opening, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The database's own key: the first tab makes it. */
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
      // A write that fails aborts the transaction, which tells why.
      if (isExpected) transaction.store.put(next, key).catch(() => {});
      await transaction.done;
      return isExpected;
    },
  };
}
