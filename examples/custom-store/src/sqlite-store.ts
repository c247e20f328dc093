import { DatabaseSync } from 'node:sqlite';
import { leasedStore, type TokenRecord, type TokenStore } from '@auth/core';

/**
 * Tokens in an SQLite file. Compare and write are one statement, so the store is atomic across the processes that share
 * the file, and {@link leasedStore} can add a lease.
 */
export function sqliteStore(path: string, leaseMs?: number): TokenStore & Disposable {
  const database = new DatabaseSync(path, { timeout: 2_000 });
  // The last write survives a power failure. WAL would save flushes, but of processes that open a new file at the same moment,
  // SQLite lets only one switch to it, and fails for the others without waiting.
  database.exec('PRAGMA synchronous = FULL');
  database.exec(
    'CREATE TABLE IF NOT EXISTS tokens (key TEXT PRIMARY KEY, id TEXT NOT NULL, record TEXT NOT NULL) STRICT',
  );
  const select = database.prepare('SELECT record FROM tokens WHERE key = ?');
  const insert = database.prepare(
    'INSERT INTO tokens (key, id, record) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const update = database.prepare('UPDATE tokens SET id = ?, record = ? WHERE key = ? AND id = ?');

  const store: TokenStore = {
    get(key) {
      const row = select.get(key);
      return row === undefined ? undefined : (JSON.parse(row['record'] as string) as TokenRecord);
    },
    compareAndSet(key, expectedId, next) {
      const record = JSON.stringify(next);
      const { changes } =
        expectedId === undefined
          ? insert.run(key, next.id, record)
          : update.run(next.id, record, key, expectedId);
      return changes === 1;
    },
  };
  return Object.assign(leasedStore(store, { leaseMs }), { [Symbol.dispose]: () => database.close() });
}
