import type { TokenRecord, TokenStore } from '../store.js';
import { InProcess } from './in-process.js';

/**
 * Keeps records in this process's memory. Those whose `evictAt` has passed are forgotten: at once by the clock that is
 * given, and without one only when there are very many, since sessions may have another clock than the machine's. Its lock and its notifications
 * serve copies of this library that share it.
 */
export function memoryStore(options: { readonly now?: (() => number) | undefined } = {}): TokenStore {
  const now = options.now ?? (() => Date.now());
  const records = new Map<string, TokenRecord>();
  const inProcess = new InProcess();
  let sweepAt = 1024;

  const live = (key: string): TokenRecord | undefined => {
    const record = records.get(key);
    if (record?.evictAt === undefined || record.evictAt > now()) return record;
    records.delete(key);
    return undefined;
  };
  const read = options.now === undefined ? (key: string) => records.get(key) : live;

  return {
    get: read,
    compareAndSet(key, expectedId, next) {
      if (read(key)?.id !== expectedId) return false;
      records.set(key, next);
      if (records.size >= sweepAt) {
        // Doubling the mark keeps the sweep's cost per write constant.
        for (const stored of [...records.keys()]) live(stored);
        sweepAt = Math.max(1024, records.size * 2);
      }
      inProcess.changed(key);
      return true;
    },
    lock: (key, { signal }) => inProcess.lock(key, signal),
    subscribe: (key, listener) => inProcess.subscribe(key, listener),
  };
}
