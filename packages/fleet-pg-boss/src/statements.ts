import { createHash } from 'node:crypto';
import { reasonOf } from '@auth/core';
import type { RefreshJob } from '@auth/fleet';

/** The part of a Pool of `pg` that the queue uses. */
export interface QueryPool {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
  on?(event: 'error', listener: () => void): unknown;
  off?(event: 'error', listener: () => void): unknown;
}

/** PostgreSQL's codes for a schema, table or type that another has just made. */
export function isMadeByAnother(error: unknown): boolean {
  return ['23505', '42P06', '42P07', '42710'].includes(reasonOf(error));
}

/** A claim of pg-boss on a job: counted up at each, so that a worker that lost its claim ends nothing. */
export interface Claim {
  readonly id: string;
  readonly retryCount: number;
}

/** A run that has ended, and in how many milliseconds the next is due; null: in none. */
export interface EndedRun extends Claim {
  readonly delayMs: number | null;
}

/** Priorities and first claims are seconds since then, to fit an integer: until 2093. */
const since = Date.UTC(2025, 0, 1);
/**
 * PostgreSQL ends one of two statements that wait for each other, and under a stricter isolation than `read committed` those
 * that meet: they are run again.
 */
const meetings: ReadonlySet<string> = new Set(['40P01', '40001']);
const withClock = 'WITH clock AS (SELECT (extract(epoch FROM now()) * 1000)::bigint AS ms)';
const attempts = 10;

/**
 * The statements that pg-boss' own calls cannot do: one row for each account, under an id made from its ref, that its
 * runs make due again. What is asked for during a run is kept in the row's data: `put`, the earliest time asked for, and
 * `removed`. pg-boss itself copies the data where a worker died. All times are the database's own; a caller's count from
 * its `now()`, so that the clocks of the callers' machines do not matter.
 *
 * (Its `upsert` and `update` read the index of the whole table: 311 ms and 164 ms at 100,000 jobs and 3 million
 * completed ones, where these take about 1 ms. Measured on 12.38.)
 */
export class Statements {
  readonly #pool: QueryPool;
  readonly #schema: string;
  readonly #name: string;

  constructor(pool: QueryPool, schema: string, name: string) {
    this.#pool = pool;
    this.#schema = schema;
    this.#name = name;
  }

  async put(jobs: readonly RefreshJob[], ifAbsent: boolean): Promise<void> {
    const now = Date.now();
    // A statement can place a row once only: of two jobs of an account the last stands.
    const latest = new Map(
      jobs.map(({ v, ref, at }) => [ref, { id: idOf(ref), v, ref, delay: delayOf(at - now) }]),
    );
    await this.#run(
      `${withClock}
INSERT INTO ${this.#schema}.job AS j (name, id, data, priority, state, start_after, keep_until, retry_limit, retry_count,
  retry_delay, retry_backoff, expire_seconds, deletion_seconds, heartbeat_seconds, policy)
SELECT q.name, x.id, jsonb_build_object('v', x.v, 'ref', x.ref, 'at', clock.ms + x.delay),
  ${priorityOf('clock.ms + x.delay')}, 'created', ${instantOf('clock.ms + x.delay')}, 'infinity', 2147483647,
  ((clock.ms - ${since}) / 1000)::int, q.retry_delay, false, q.expire_seconds, q.deletion_seconds, q.heartbeat_seconds,
  q.policy
FROM clock, ${this.#schema}.queue q, json_to_recordset($2::text::json) AS x (id uuid, v int, ref text, delay bigint)
WHERE q.name = $1 ORDER BY x.id
ON CONFLICT (name, id) DO UPDATE SET
  data = CASE WHEN j.state = 'active' THEN j.data || jsonb_build_object('put',
    LEAST((j.data->>'put')::bigint, (EXCLUDED.data->>'at')::bigint)) ELSE EXCLUDED.data END,
  state = CASE WHEN j.state = 'active' THEN j.state ELSE 'created' END,
  start_after = CASE WHEN j.state = 'active' THEN j.start_after ELSE EXCLUDED.start_after END,
  priority = CASE WHEN j.state = 'active' THEN j.priority ELSE EXCLUDED.priority END,
  completed_on = NULL
${ifAbsent ? `WHERE j.state > 'active' OR (j.data ? 'removed' AND NOT j.data ? 'put')` : ''}`,
      [JSON.stringify([...latest.values()])],
    );
  }

  async remove(refs: readonly string[]): Promise<void> {
    await this.#run(
      `WITH locked AS (
  SELECT id, state FROM ${this.#schema}.job WHERE name = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE
), running AS (
  UPDATE ${this.#schema}.job j SET data = (j.data - 'put') || '{"removed": true}'
  FROM locked WHERE j.name = $1 AND j.id = locked.id AND locked.state = 'active'
)
DELETE FROM ${this.#schema}.job j USING locked
WHERE j.name = $1 AND j.id = locked.id AND locked.state <> 'active'`,
      [refs.map(idOf)],
    );
  }

  /** Ends runs whose claims still stand. The lock comes first: what is put meanwhile finds the row before or after. */
  async end(runs: readonly EndedRun[]): Promise<void> {
    await this.#run(
      `${withClock}, ended AS (
  SELECT * FROM json_to_recordset($2::text::json) AS x (id uuid, "retryCount" int, "delayMs" bigint)
), locked AS (
  SELECT j.id, CASE WHEN j.data ? 'removed' THEN (j.data->>'put')::bigint
    ELSE LEAST((j.data->>'put')::bigint, clock.ms + ended."delayMs") END AS at
  FROM clock, ${this.#schema}.job j JOIN ended ON j.id = ended.id AND j.retry_count = ended."retryCount"
  WHERE j.name = $1 AND j.state = 'active' AND j.id = ANY(ARRAY(SELECT id FROM ended))
  ORDER BY j.id FOR UPDATE OF j
), again AS (
  UPDATE ${this.#schema}.job j SET state = 'created', start_after = ${instantOf('locked.at')},
    priority = ${priorityOf('locked.at')}, heartbeat_on = NULL, output = NULL,
    data = jsonb_build_object('v', j.data->'v', 'ref', j.data->'ref', 'at', locked.at)
  FROM locked WHERE j.name = $1 AND j.id = locked.id AND locked.at IS NOT NULL
)
DELETE FROM ${this.#schema}.job j USING locked WHERE j.name = $1 AND j.id = locked.id AND locked.at IS NULL`,
      [JSON.stringify(runs)],
    );
  }

  /** By how many milliseconds the database's clock is ahead of ours. */
  async clockAheadMs(): Promise<number> {
    const asked = Date.now();
    const { rows } = await this.#pool.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms');
    return Number((rows[0] as { ms: string }).ms) - (asked + Date.now()) / 2;
  }

  async #run(text: string, values: unknown[]): Promise<void> {
    await rerun(() => this.#pool.query(text, [this.#name, ...values]));
  }
}

/** Asks again where PostgreSQL has ended a statement that met another. */
export async function rerun<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!meetings.has(reasonOf(error)) || attempt === attempts) throw error;
    }
  }
}

/**
 * The lowest priority that a job may have that is due by then, with a minute to spare. Jobs that are due earlier have a
 * higher one: pg-boss finds them at the head of its index, where it would else walk over all that are not due yet.
 */
export function lowestPriorityDueAt(at: number): number {
  return -(Math.floor((at - since) / 1_000) + 60);
}

/** In whole milliseconds; ten years at most, which the priority has room for. */
export function delayOf(ms: number): number {
  return Math.ceil(Math.min(ms, 315_360_000_000));
}

function priorityOf(ms: string): string {
  return `-((${ms} - ${since}) / 1000)::int`;
}

function instantOf(ms: string): string {
  return `to_timestamp((${ms}) / 1000.0)`;
}

/** An account's row: 16 bytes of the hash of its ref, as a UUID of version 8 (RFC 9562, 5.8). */
function idOf(ref: string): string {
  const hex = createHash('sha256').update(ref).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
