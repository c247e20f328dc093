import { leasedStore, type TokenRecord, type TokenStore } from '@auth/core';

/** The part of `pg`'s Pool that is used here; PGlite has it too. */
export interface Queryable {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** Run once, with your migrations. */
export const createTable =
  'CREATE TABLE IF NOT EXISTS auth_tokens (key text PRIMARY KEY, id text NOT NULL, record text NOT NULL)';

/**
 * Tokens in a Postgres table. Compare and write are one statement, so of two writers that expect the same record one
 * wins, wherever they run. {@link leasedStore} adds a lease, which ends at most 15 s after its holder has died.
 */
export function postgresStore(database: Queryable): TokenStore {
  return leasedStore({
    async get(key) {
      const { rows } = await database.query('SELECT record FROM auth_tokens WHERE key = $1', [key]);
      const [row] = rows as { record: string }[];
      return row && (JSON.parse(row.record) as TokenRecord);
    },
    async compareAndSet(key, expectedId, next) {
      const insert =
        'INSERT INTO auth_tokens (key, id, record) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING key';
      const update = 'UPDATE auth_tokens SET id = $2, record = $3 WHERE key = $1 AND id = $4 RETURNING key';
      const values = [key, next.id, JSON.stringify(next)];
      const { rows } = await (expectedId === undefined
        ? database.query(insert, values)
        : database.query(update, [...values, expectedId]));
      return rows.length === 1;
    },
  });
}
