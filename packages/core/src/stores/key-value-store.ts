import { systemClock } from '../clock.js';
import { settledWithin } from '../deadline.js';
import { AuthError } from '../errors.js';
import { getOrAdd } from '../get-or-add.js';
import { isThenable, type MaybePromise } from '../maybe-promise.js';
import type { TokenRecord, TokenStore } from '../store.js';
import { InProcess } from './in-process.js';

/** Anything with `get` and `set` of strings (Map, Keyv), or `getItem` and `setItem` (unstorage, localStorage). */
export type KeyValue =
  | { get(key: string): unknown; set(key: string, value: string): unknown }
  | { getItem(key: string): unknown; setItem(key: string, value: string): unknown };

/** Marks our values, and keeps layers that parse JSON from parsing them. */
const prefix = 'auth1:';

/**
 * Stores records in a plain key-value store.
 *
 * The comparison in `compareAndSet` is a get followed by a set, one at a time **within this process only**, and so are
 * the lock and the notifications. A `set` that returns false has failed. Between processes a race may let the
 * later writer overwrite the earlier writer's tokens: where the server rotates refresh tokens, that costs one more login.
 * For many processes, use a store with an atomic compare.
 */
export function keyValueStore(keyValue: KeyValue): TokenStore {
  const { read, write: put } = accessTo(keyValue);
  // Keyv gives false for a failed write where the program listens to its errors.
  const write = (key: string, value: string): unknown =>
    then(put(key, value), (result) => {
      if (result === false) throw new AuthError('store_failed', { detail: 'set returned false' });
    });
  const { turns, inProcess } = getOrAdd(shared, keyValue, () => ({
    turns: new Turns(),
    inProcess: new InProcess(),
  }));
  return {
    get: (key) => then(read(encoded(key)), parse),
    compareAndSet: (key, expectedId, next) =>
      turns.take(key, () =>
        then(read(encoded(key)), (value) => {
          if (parse(value)?.id !== expectedId) return false;
          return then(write(encoded(key), prefix + JSON.stringify(next)), () => {
            inProcess.changed(key);
            return true;
          });
        }),
      ),
    lock: async (key, { signal }) => {
      const lease = await inProcess.lock(key, signal);
      try {
        // A session that has the lock counts on a store that takes writes. Nothing stored: nothing can be lost.
        await turns.take(key, () =>
          then(read(encoded(key)), (value) => (isText(value) ? write(encoded(key), value) : undefined)),
        );
        return lease;
      } catch (error) {
        lease.release();
        throw error;
      }
    },
    subscribe: (key, listener) => inProcess.subscribe(key, listener),
  };
}

/** Keeps keys distinct: some stores cut keys at a `?`, treat `/` and `:` as the same, or ignore case. */
function encoded(key: string): string {
  return key.replace(/[^a-z0-9_-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function accessTo(keyValue: KeyValue): {
  read(key: string): unknown;
  write(key: string, value: string): unknown;
} {
  if (typeof keyValue === 'object' && keyValue !== null) {
    if (
      'getItem' in keyValue &&
      typeof keyValue.getItem === 'function' &&
      typeof keyValue.setItem === 'function'
    ) {
      return { read: (key) => keyValue.getItem(key), write: (key, value) => keyValue.setItem(key, value) };
    }
    if ('get' in keyValue && typeof keyValue.get === 'function' && typeof keyValue.set === 'function') {
      return { read: (key) => keyValue.get(key), write: (key, value) => keyValue.set(key, value) };
    }
  }
  throw new AuthError('invalid_options', {
    detail: 'keyValueStore() expects get and set, or getItem and setItem',
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function parse(value: unknown): TokenRecord | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value.startsWith(prefix)) {
    try {
      const { id, value: text, evictAt } = JSON.parse(value.slice(prefix.length)) as Record<string, unknown>;
      if (typeof id === 'string' && typeof text === 'string') {
        return typeof evictAt === 'number' ? { id, value: text, evictAt } : { id, value: text };
      }
    } catch {
      // A torn record: returned below as unreadable, so that the session reports and replaces it.
    }
  }
  return { id: 'unreadable', value: '' };
}

/** What two stores over one key-value store have in common. */
const shared = new WeakMap<KeyValue, { readonly turns: Turns; readonly inProcess: InProcess }>();

class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` at once if no other work on the key is under way, so that synchronous stores stay synchronous. */
  take<T>(key: string, work: () => MaybePromise<T>): MaybePromise<T> {
    const before = this.#last.get(key);
    const result = before === undefined ? work() : before.then(work);
    if (!isThenable(result)) return result;
    const turn = Promise.resolve(before).then(() => settledWithin(systemClock, turnMs, result));
    const done = turn.then(() => {
      if (this.#last.get(key) === done) this.#last.delete(key);
    });
    this.#last.set(key, done);
    return result;
  }
}

/** The longest turn: a write that never ends must not block the key for ever. */
const turnMs = 5_000;

function then<To>(value: unknown, next: (value: unknown) => MaybePromise<To>): MaybePromise<To> {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value);
}
