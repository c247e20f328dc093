import { reasonOf } from '@auth/core';
import { turnAheadMs } from '@auth/fleet';
import { isMadeByAnother, type QueryPool } from './statements.js';

/** PostgreSQL's code for a table that is not there. */
const missing = '42P01';

/** Milliseconds until a turn that all workers share, by the database's clock. */
export async function takeTurn(
  pool: QueryPool,
  schema: string,
  bucket: string,
  perSecond: number,
  ref?: string,
): Promise<number> {
  const ask = (): Promise<number> => askForTurn(pool, schema, bucket, perSecond, ref);
  return await ask().catch(async (error: unknown) => {
    if (reasonOf(error) !== missing) throw error;
    await makeRateTables(pool, schema);
    return ask();
  });
}

/** The rates, a row a bucket, and the turns that accounts were given. Nothing of it is worth anything after a crash. */
export async function makeRateTables(pool: QueryPool, schema: string): Promise<void> {
  const numbers = ['next', 'given_from', 'given_until', 'wait'].map((name) => `${name} float8 NOT NULL`);
  const tables = {
    auth_rate: `bucket text PRIMARY KEY, ${numbers}`,
    auth_turn: 'bucket text, ref text, at float8 NOT NULL, PRIMARY KEY (bucket, ref)',
  };
  for (const [name, columns] of Object.entries(tables)) {
    const text = `CREATE UNLOGGED TABLE IF NOT EXISTS ${schema}.${name} (${columns})`;
    await pool.query(text).catch((error: unknown) => {
      if (!isMadeByAnother(error)) throw error;
    });
  }
}

async function askForTurn(
  pool: QueryPool,
  schema: string,
  bucket: string,
  perSecond: number,
  ref: string | undefined,
): Promise<number> {
  const turns = `${schema}.auth_turn`;
  const found = await pool.query(
    `SELECT at, at - ms AS wait FROM ${turns}, (${clock}) AS clock WHERE bucket = $1 AND ref = $2`,
    [bucket, ref],
  );
  const given = found.rows[0] as { at: number; wait: number } | undefined;
  if (given !== undefined && given.wait >= turnAheadMs) return Math.ceil(given.wait);
  const { rows } = await pool.query(turnOf(schema), [
    bucket,
    1_000 / perSecond,
    given?.at,
    ref !== undefined,
  ]);
  const { wait, at } = rows[0] as { wait: number; at: number };
  const isGiven = wait >= turnAheadMs && ref !== undefined;
  if (given !== undefined && !isGiven)
    await pool.query(`DELETE FROM ${turns} WHERE bucket = $1 AND ref = $2`, [bucket, ref]);
  if (isGiven)
    // Those that nobody comes back for are forgotten.
    await pool.query(
      `WITH forgotten AS (DELETE FROM ${turns} WHERE bucket = $1 AND ref <> $2 AND at < $3::float8 - 60000)
INSERT INTO ${turns} VALUES ($1, $2, $3) ON CONFLICT (bucket, ref) DO UPDATE SET at = excluded.at`,
      [bucket, ref, at],
    );
  return isGiven ? Math.ceil(wait) : Math.floor(wait);
}

/**
 * The turn, as `Turns` of @auth/fleet has it. `$1`: the bucket; `$2`: milliseconds between two turns; `$3`: the turn that
 * the account was given; `$4`: whether there is an account.
 */
function turnOf(schema: string): string {
  const [between, own, isAccount] = ['$2::float8', '$3::float8', '$4::boolean'];
  const at = `GREATEST(ms, r.next, ${own})`;
  const isFree = `(${own} IS NOT NULL OR ms < r.given_from OR ms >= r.given_until)
      AND ${at} - ms < CASE WHEN ${isAccount} THEN ${turnAheadMs} ELSE 0.001 END`;
  const given = `GREATEST(CASE WHEN ms >= r.given_until THEN r.next ELSE r.given_until END, ms + ${turnAheadMs})`;
  return `INSERT INTO ${schema}.auth_rate AS r SELECT $1, ms + ${between}, 0, 0, 0 FROM (${clock}) AS clock
ON CONFLICT (bucket) DO UPDATE SET (next, given_from, given_until, wait) = (
  SELECT
    CASE WHEN ${isFree} THEN ${at} + ${between} ELSE r.next END,
    CASE WHEN ${isFree} OR NOT ${isAccount} OR ms < r.given_until THEN r.given_from ELSE ${given} END,
    CASE WHEN ${isFree} OR NOT ${isAccount} THEN r.given_until ELSE ${given} + ${between} END,
    CASE WHEN ${isFree} THEN ${at} - ms ELSE ${given} - ms END
  FROM (${clock}) AS clock)
RETURNING wait, given_until - ${between} AS at`;
}

/** Asked once the row is ours: others may have held it for a while. */
const clock = 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms';
