/** The statements of a store on a table. */
export interface Statements {
  readonly read: string;
  readonly insert: string;
  readonly update: string;
  readonly take: string;
  readonly renew: string;
  readonly release: string;
  readonly nameData: string;
}

/**
 * The SQL that makes the tables, a statement each. A record is written several times in its life, and a lease twice for
 * each exchange: no index covers what changes, and pages have room for it, so that PostgreSQL updates rows in place.
 */
export function tables(table: string): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (
  key text PRIMARY KEY,
  id text NOT NULL,
  value text NOT NULL,
  evict_at double precision
) WITH (fillfactor = 70)`,
    `CREATE TABLE IF NOT EXISTS ${table}_leases (
  key text PRIMARY KEY,
  owner text NOT NULL,
  ends_at timestamptz NOT NULL
) WITH (fillfactor = 50)`,
  ];
}

/** With `isTold`, who writes a record tells it to the channel, in the same statement and so in the same transaction. */
export function statementsOn(table: string, isTold: boolean): Statements {
  const endsAt = `clock_timestamp() + $3::double precision * interval '1 millisecond'`;
  const written = (statement: string, first: number): string =>
    isTold
      ? `WITH written AS (${statement}) SELECT pg_notify($${first}, $${first + 1}) FROM written`
      : statement;
  return {
    read: `SELECT id, value, evict_at FROM ${table} WHERE key = $1`,
    insert: written(
      `INSERT INTO ${table} (key, id, value, evict_at) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING RETURNING key`,
      5,
    ),
    update: written(
      `UPDATE ${table} SET id = $2, value = $3, evict_at = $4 WHERE key = $1 AND id = $5 RETURNING key`,
      6,
    ),
    // Whoever waits asks often: while the lease is held that writes nothing, and waits for no lock.
    take: `INSERT INTO ${table}_leases AS lease (key, owner, ends_at) SELECT $1::text, $2::text, ${endsAt}
WHERE NOT EXISTS (SELECT FROM ${table}_leases WHERE key = $1 AND ends_at >= clock_timestamp())
ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, ends_at = excluded.ends_at
WHERE lease.ends_at < clock_timestamp() RETURNING key`,
    // Of several who come at once one gives the name, and nobody waits: the row is written once.
    nameData: `WITH named AS (INSERT INTO ${table} (key, id, value) VALUES ($1, $2, '') ON CONFLICT (key) DO NOTHING RETURNING id)
SELECT id FROM named UNION ALL SELECT id FROM ${table} WHERE key = $1 LIMIT 1`,
    renew: `UPDATE ${table}_leases SET ends_at = ${endsAt} WHERE key = $1 AND owner = $2 RETURNING key`,
    release: `UPDATE ${table}_leases SET owner = '', ends_at = '-infinity' WHERE key = $1 AND owner = $2`,
  };
}
