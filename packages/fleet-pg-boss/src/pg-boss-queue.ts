import { AuthError, expectOption } from '@auth/core';
import {
  bounded,
  type RefreshJob,
  type RefreshQueue,
  type RunJob,
  type Work,
  type WorkOptions,
} from '@auth/fleet';
import { PgBoss, type Queue } from 'pg-boss';
import { makeRateTables, takeTurn } from './rate.js';
import { isMadeByAnother, type QueryPool, Statements } from './statements.js';
import { within } from './within.js';
import { PgBossWork, type WorkerParts } from './work.js';

/** Options of {@link pgBossQueue}. */
export interface PgBossQueueOptions {
  /** A Pool of `pg`. It is used and never ended. */
  readonly pool: QueryPool;
  /** Tells several keepers on one database apart. Default `'auth-refresh'`. */
  readonly name?: string | undefined;
  /** pg-boss' own schema, which it makes. Default `'pgboss'`. */
  readonly schema?: string | undefined;
}

/** A start of pg-boss that has not ended by then is begun anew, and its end is not waited for longer than this. */
const [startMs, stopMs] = [30_000, 2_000];
/** A statement of pg-boss' own that is not answered by then has failed: pg-boss would wait for it with all that comes after it. */
const statementMs = 30_000;
/** How often a queue tries to make what others are making. */
const attempts = 10;
const queueOptions: Omit<Queue, 'name'> = {
  policy: 'standard',
  partition: true,
  // A run that has not told for so long is that of a dead worker.
  heartbeatSeconds: 15,
  expireInSeconds: 86_400,
  retryLimit: 2_147_483_647,
  retryDelay: 0,
  deleteAfterSeconds: 60,
};

/**
 * A queue on pg-boss, for any number of workers.
 *
 * @throws AuthError `invalid_options`
 */
export function pgBossQueue(options: PgBossQueueOptions): RefreshQueue {
  return new PgBossQueue(options);
}

class PgBossQueue implements RefreshQueue {
  readonly name: string;
  readonly #pool: QueryPool;
  readonly #schema: string;
  #parts: Promise<WorkerParts> | undefined;
  #isClosed = false;

  constructor({ pool, name = 'auth-refresh', schema = 'pgboss' }: PgBossQueueOptions) {
    expectOption(typeof pool?.query === 'function', 'pool', 'a Pool of pg');
    expectOption(isName(name, /^[\w.-]+$/), 'name', 'letters, digits, -, . and _');
    expectOption(isName(schema, /^[a-z_]\w*$/i), 'schema', 'the name of a schema');
    this.name = name;
    this.#pool = pool;
    this.#schema = schema;
    pool.on?.('error', ignore);
  }

  put(jobs: readonly RefreshJob[], { ifAbsent = false }: { ifAbsent?: boolean } = {}): Promise<void> {
    return this.#bounded(({ statements }) => statements.put(jobs, ifAbsent));
  }

  remove(refs: readonly string[]): Promise<void> {
    return this.#bounded(({ statements }) => statements.remove(refs));
  }

  take(bucket: string, perSecond: number, ref?: string): Promise<number> {
    const own = `${this.name} ${bucket}`;
    return this.#bounded(() => takeTurn(this.#pool, this.#schema, own, perSecond, ref));
  }

  work(run: RunJob, options: WorkOptions): Work {
    return new PgBossWork(this.name, () => this.#ready(), run, options);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pool.off?.('error', ignore);
    // Without its database pg-boss waits for it: nothing of it is left that anybody needs.
    if (this.#parts !== undefined) await within(stopMs, this.#parts.then(stop)).catch(ignore);
  }

  #bounded<Result>(work: (parts: WorkerParts) => Promise<Result>): Promise<Result> {
    return bounded('pg-boss', () => this.#ready(), work);
  }

  async #ready(): Promise<WorkerParts> {
    if (this.#isClosed) throw new AuthError('disposed', { detail: 'the queue was closed' });
    // A start that hangs must not hold up those that come later.
    this.#parts ??= this.#openInTime();
    try {
      return await this.#parts;
    } catch (error) {
      this.#parts = undefined;
      throw error;
    }
  }

  /** What opens too late is stopped: its timers would hold the process open, and ask the pool for ever. */
  #openInTime(): Promise<WorkerParts> {
    const opening = this.#open();
    const inTime = within(startMs, opening);
    inTime.catch(() => opening.then(stop)).catch(ignore);
    return inTime;
  }

  async #query(text: string, values?: unknown[]): Promise<{ rows: object[] }> {
    return (await this.#pool.query(text, values)) as { rows: object[] };
  }

  async #open(): Promise<WorkerParts> {
    const boss = new PgBoss({
      db: { executeSql: (text, values) => within(statementMs, this.#query(text, values)) },
      schema: this.#schema,
      schedule: false,
      // Workers do it, each ten seconds.
      supervise: false,
      monitorIntervalSeconds: 5,
      warningQueueSize: Number.MAX_SAFE_INTEGER,
      registerInstance: false,
    });
    boss.on('error', ignore);
    for (let attempt = 1; ; attempt++) {
      try {
        await boss.start();
        // Who may only read and write leaves this to the owner of the schema.
        if ((await boss.getQueue(this.name)) === null) {
          await boss.createQueue(this.name, queueOptions);
          await makeRateTables(this.#pool, this.#schema);
        }
        break;
      } catch (error) {
        // Many workers start at once on an empty database.
        if (!isMadeByAnother(error) || attempt === attempts) {
          await stop({ boss }).catch(ignore);
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
      }
    }
    return { boss, statements: new Statements(this.#pool, this.#schema, this.name) };
  }
}

async function stop({ boss }: Pick<WorkerParts, 'boss'>): Promise<void> {
  await boss.stop({ graceful: false, close: false });
}

function ignore(): void {
  // What fails is told where it was asked for.
}

function isName(name: unknown, pattern: RegExp): boolean {
  return typeof name === 'string' && pattern.test(name);
}
