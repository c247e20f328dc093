import { reasonOf } from '@auth/core';
import { isMadeByAnother, type QueryPool } from './statements.js';

/** PostgreSQL's code for a table that is not there. */
const missing = '42P01';

/**
 * Milliseconds to wait for a turn that all workers share, by the database's clock; 0 takes it. Who waits is given a turn
 * after the last: it is free when he asks again then, unless somebody else came first.
 */
export async function takeTurn(
  pool: QueryPool,
  schema: string,
  bucket: string,
  perSecond: number,
): Promise<number> {
  const ask = (): Promise<{ readonly rows: unknown[] }> =>
    pool.query(statement(schema), [bucket, 1_000 / perSecond]);
  const { rows } = await ask().catch(async (error: unknown) => {
    if (reasonOf(error) !== missing) throw error;
    await makeRateTable(pool, schema);
    return ask();
  });
  return Math.ceil((rows[0] as { wait: number }).wait);
}

/** One row a bucket. What it holds is worth nothing after a crash: the table is not logged. */
export async function makeRateTable(pool: QueryPool, schema: string): Promise<void> {
  const columns = 'bucket text PRIMARY KEY, next float8 NOT NULL, last float8 NOT NULL, wait float8 NOT NULL';
  const text = `CREATE UNLOGGED TABLE IF NOT EXISTS ${schema}.auth_rate (${columns})`;
  await pool.query(text).catch((error: unknown) => {
    if (!isMadeByAnother(error)) throw error;
  });
}

/** `$1`: the bucket; `$2`: milliseconds between two turns. */
function statement(schema: string): string {
  return `WITH clock AS (${clock})
INSERT INTO ${schema}.auth_rate AS r SELECT $1, ms, 0, 0 FROM clock
ON CONFLICT (bucket) DO UPDATE SET (next, last, wait) = (
  SELECT
    CASE WHEN ms >= r.next THEN GREATEST(r.next, ms - $2::float8) + $2 ELSE r.next END,
    CASE WHEN ms >= r.next THEN r.last ELSE GREATEST(r.last, r.next) + $2 END,
    CASE WHEN ms >= r.next THEN 0 ELSE GREATEST(r.last, r.next) - ms END
  FROM (${clock}) AS clock)
RETURNING wait`;
}

/** Asked once the row is ours: others may have held it for a while. */
const clock = 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms';
