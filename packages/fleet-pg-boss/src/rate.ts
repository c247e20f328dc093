import { reasonOf } from '@auth/core';
import { forgottenTurnMs, movedTurnMs, turnAheadMs } from '@auth/fleet';
import { isMadeByAnother, type QueryPool, rerun } from './statements.js';

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
  const ask = (): Promise<number> => rerun(() => askForTurn(pool, schema, bucket, perSecond, ref));
  return await ask().catch(async (error: unknown) => {
    if (reasonOf(error) !== missing) throw error;
    await makeRateTables(pool, schema);
    return ask();
  });
}

/** The rates, a row a bucket, and the turns that accounts were given. Nothing of it is worth anything after a crash. */
export async function makeRateTables(pool: QueryPool, schema: string): Promise<void> {
  const numbers = ['next', 'row_from', 'row_until', 'wait'].map((name) => `${name} float8 NOT NULL`);
  const tables = {
    auth_rate: `bucket text PRIMARY KEY, ${numbers}`,
    auth_turn: 'bucket text, ref text, at float8 NOT NULL, moved bool NOT NULL, PRIMARY KEY (bucket, ref)',
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
  const mine = 'WHERE bucket = $1 AND ref = $2';
  const found = await pool.query(
    `SELECT at, moved, at - ms AS wait FROM ${turns}, (${clock}) AS clock ${mine}`,
    [bucket, ref],
  );
  const given = found.rows[0] as { at: number; moved: boolean; wait: number } | undefined;
  if (given !== undefined && given.wait >= turnAheadMs) return Math.ceil(given.wait);
  if (given?.moved === true && given.wait >= -movedTurnMs) {
    await pool.query(`DELETE FROM ${turns} ${mine}`, [bucket, ref]);
    return Math.max(0, Math.floor(given.wait));
  }
  const { rows } = await pool.query(turnOf(schema), [
    bucket,
    1_000 / perSecond,
    given?.at,
    ref !== undefined,
  ]);
  const { wait, joined, moved, first } = rows[0] as Turn;
  if (ref === undefined || wait < turnAheadMs) {
    if (given !== undefined) await pool.query(`DELETE FROM ${turns} ${mine}`, [bucket, ref]);
    return ref === undefined ? Math.ceil(wait) : Math.floor(wait);
  }
  const isMoved = given !== undefined;
  await pool.query(
    `INSERT INTO ${turns} VALUES ($1, $2, $3, $4)
ON CONFLICT (bucket, ref) DO UPDATE SET (at, moved) = (excluded.at, excluded.moved)`,
    [bucket, ref, isMoved ? moved : joined, isMoved],
  );
  if (first && !isMoved)
    await pool.query(
      `DELETE FROM ${turns} WHERE (bucket, ref) IN (
  SELECT bucket, ref FROM ${turns} WHERE at < (${clock}) - ${forgottenTurnMs} FOR UPDATE SKIP LOCKED)`,
    );
  return Math.ceil(wait);
}

interface Turn {
  readonly wait: number;
  /** The end of the row, less a turn, and the next exchange, less a turn: one of them is the turn that was given. */
  readonly joined: number;
  readonly moved: number;
  /** Nobody was in the row. */
  readonly first: boolean;
}

/**
 * The turn, as `Turns` of @auth/fleet has it. `$1`: the bucket; `$2`: milliseconds between two turns; `$3`: the turn that
 * the account was given; `$4`: whether there is an account.
 */
function turnOf(schema: string): string {
  const [between, own, isAccount] = ['$2::float8', '$3::float8', '$4::boolean'];
  const at = `GREATEST(ms, r.next, ${own})`;
  const isFree = `(${own} IS NOT NULL OR ${at} < r.row_from OR ms >= r.row_until)
      AND ${at} - ms < CASE WHEN ${isAccount} THEN ${turnAheadMs} ELSE 0.001 END`;
  const joins = `${isAccount} AND ${own} IS NULL AND NOT (${isFree})`;
  const joined = `GREATEST(CASE WHEN ms >= r.row_until THEN r.next ELSE r.row_until END, ms + ${turnAheadMs})`;
  const moved = `GREATEST(r.next, ms + ${turnAheadMs})`;
  return `INSERT INTO ${schema}.auth_rate AS r SELECT $1, ms + ${between}, 0, 0, 0 FROM (${clock}) AS clock
ON CONFLICT (bucket) DO UPDATE SET (next, row_from, row_until, wait) = (
  SELECT
    CASE WHEN ${isFree} THEN ${at} + ${between} WHEN ${own} IS NULL THEN r.next ELSE ${moved} + ${between} END,
    CASE WHEN ${joins} AND ms >= r.row_until THEN ${joined} ELSE r.row_from END,
    CASE WHEN ${joins} THEN ${joined} + ${between} ELSE r.row_until END,
    CASE WHEN ${isFree} THEN ${at} - ms WHEN ${own} IS NULL THEN ${joined} - ms ELSE ${moved} - ms END
  FROM (${clock}) AS clock)
RETURNING wait, row_until - ${between} AS joined, next - ${between} AS moved, row_from = row_until - ${between} AS first`;
}

/** Asked once the row is ours: others may have held it for a while. */
const clock = 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms';
