import { reasonOf } from '@auth/core';
import { isMadeByAnother, type QueryPool } from './statements.js';

/** PostgreSQL's code for a table that is not there. */
const missing = '42P01';

/** Milliseconds to wait for a turn that all workers share, by the database's clock; 0 takes it. */
export async function takeTurn(
  pool: QueryPool,
  schema: string,
  bucket: string,
  perSecond: number,
): Promise<number> {
  const betweenMs = 1_000 / perSecond;
  const values = [bucket, betweenMs];
  const ask = (): Promise<{ readonly rows: unknown[] }> => pool.query(statement(schema), values);
  const { rows } = await ask().catch(async (error: unknown) => {
    if (reasonOf(error) !== missing) throw error;
    await makeTable(pool, schema);
    return ask();
  });
  const { wait, waiting } = rows[0] as { wait: number; waiting: number };
  if (wait === 0) return 0;
  // Turns are not reserved: whoever waits comes again within the time that all who wait will take.
  return Math.ceil(wait + waiting * betweenMs * Math.random());
}

/** One row a bucket. What it holds is worth nothing after a crash: the table is not logged. */
async function makeTable(pool: QueryPool, schema: string): Promise<void> {
  const columns = 'bucket text PRIMARY KEY, next float8 NOT NULL, waiting int NOT NULL, wait float8 NOT NULL';
  const text = `CREATE UNLOGGED TABLE IF NOT EXISTS ${schema}.auth_rate (${columns})`;
  await pool.query(text).catch((error: unknown) => {
    if (!isMadeByAnother(error)) throw error;
  });
}

/** `$1`: the bucket; `$2`: milliseconds between two turns. */
function statement(schema: string): string {
  return `WITH clock AS (SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms)
INSERT INTO ${schema}.auth_rate AS r SELECT $1, ms, 0, 0 FROM clock
ON CONFLICT (bucket) DO UPDATE SET
  wait = GREATEST(0, r.next - ${now}),
  waiting = CASE WHEN ${now} < r.next THEN r.waiting + 1 ELSE GREATEST(0, r.waiting - 1) END,
  next = CASE WHEN ${now} < r.next THEN r.next ELSE GREATEST(r.next, ${now} - $2) + $2 END
RETURNING wait, waiting`;
}

/** Of a row that others held until now: later than the statement's beginning. */
const now = '(extract(epoch FROM clock_timestamp())::float8 * 1000)';
