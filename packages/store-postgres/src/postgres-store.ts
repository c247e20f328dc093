import {
  type AuthEvent,
  ChangeListeners,
  expectOption,
  type LeaseSteps,
  randomId,
  reasonOf,
  storeEvents,
  systemClock,
  type TokenRecord,
  type TokenStore,
  waitForLease,
} from '@auth/core';
import {
  feedOf,
  type PostgresClient,
  type PostgresListener,
  type Query,
  queryOf,
  type Row,
} from './client.js';
import { type Statements, statementsOn, tables } from './statements.js';

/** Options of {@link postgresStore}. */
export interface PostgresStoreOptions {
  /**
   * Your own Pool or Client of `pg`, the `sql` of postgres.js, or a PGlite. Each call is one statement, so that it may
   * go through PgBouncer in transaction mode. The store never closes it.
   */
  readonly client: PostgresClient;
  /**
   * Where changes are heard, on a direct connection of the store's own, not through PgBouncer: a function that makes a
   * `pg` Client, the `sql` of postgres.js, or a PGlite. Set it in all programs that share the table, or in none:
   * without it nobody is told of changes, and each reads the table when its own token is due.
   */
  readonly listen?: PostgresListener | undefined;
  /** The table's name, with or without a schema. Leases are in a second table, `<table>_leases`. Default `auth_tokens`. */
  readonly table?: string | undefined;
  /** How long a lease holder that died or is frozen blocks others, in milliseconds. Default 15 s. */
  readonly leaseMs?: number | undefined;
  /** Receives `store_failed` when the connection for notifications breaks. */
  readonly onEvent?: ((event: AuthEvent) => void) | undefined;
}

/** A store in PostgreSQL. Disposing it ends its connection for notifications; your client, records and leases stay. */
export interface PostgresStore extends TokenStore, AsyncDisposable {
  lock: NonNullable<TokenStore['lock']>;
  dataId: NonNullable<TokenStore['dataId']>;
  /** Makes the tables, where they are missing. For those who do not keep {@link postgresTables} in their migrations. */
  migrate(): Promise<void>;
}

/** The SQL that makes the tables of a store, for your migrations. @throws AuthError `invalid_options` */
export function postgresTables(table = 'auth_tokens'): string {
  checkTable(table);
  return tables(table)
    .map((statement) => `${statement};\n`)
    .join('');
}

/**
 * Keeps records in a table, shared by all machines that use it: `compareAndSet` is one statement and therefore atomic,
 * and `lock` admits one holder at a time, by a row that the holder renews and that no connection is tied to.
 *
 * @throws AuthError `invalid_options`
 */
export function postgresStore(options: PostgresStoreOptions): PostgresStore {
  const query = rerunning(queryOf(options?.client));
  const { listen, table = 'auth_tokens', leaseMs = 15_000, onEvent } = options;
  checkTable(table);
  expectOption(leaseMs >= 1_000 && leaseMs < 2 ** 31, 'leaseMs', '1000 to 2147483647');
  const statements = statementsOn(table, listen !== undefined);
  // PostgreSQL's names are at most 63 bytes long. Of two tables that begin alike both are told: that does no harm.
  const channel = `${table.replace('.', '_').slice(0, 55)}_changes`;
  // Names this store object in the messages that it sends, so that it can ignore them.
  const origin = randomId();
  const listeners = listen && listenersOn(listen, channel, origin, onEvent);

  return {
    async get(key) {
      const [row] = await query(statements.read, [encoded(key)]);
      return row && recordOf(row);
    },

    async compareAndSet(key, expectedId, next) {
      const name = encoded(key);
      const values = [name, encoded(next.id), encoded(next.value), next.evictAt ?? null];
      const message = listen === undefined ? [] : [channel, `${origin} ${toldOf(name)}`];
      const rows = await (expectedId === undefined
        ? query(statements.insert, [...values, ...message])
        : query(statements.update, [...values, encoded(expectedId), ...message]));
      return rows.length === 1;
    },

    lock: (key, { signal }) => waitForLease(leaseSteps(query, statements, encoded(key), leaseMs), signal),

    ...(listeners && { subscribe: (key, listener) => listeners.subscribe(toldOf(encoded(key)), listener) }),

    async dataId() {
      // Where another gave the name at the same moment, its row is seen by the second statement alone.
      for (let round = 0; round < 2; round++) {
        const [row] = await query(statements.nameData, [dataIdKey, randomId()]);
        if (row !== undefined) return String(row[0]);
      }
      return undefined;
    },

    async migrate() {
      for (const statement of tables(table)) await madeOnce(() => query(statement, []));
    },

    [Symbol.asyncDispose]: async () => listeners?.close(),
  };
}

function listenersOn(
  listen: PostgresListener,
  channel: string,
  origin: string,
  onEvent: ((event: AuthEvent) => void) | undefined,
): ChangeListeners {
  const tell = storeEvents('store-postgres', onEvent);
  return new ChangeListeners(
    ({ onChange, ...handlers }) =>
      feedOf(listen, channel, {
        ...handlers,
        onMessage: (message) => {
          const end = message.indexOf(' ');
          if (message.slice(0, end) !== origin) onChange(message.slice(end + 1));
        },
      }),
    (error) => tell({ type: 'store_failed', operation: 'subscribe', reason: reasonOf(error) }),
  );
}

/** The steps of one lease. Its owner id stays the same from the first attempt to the release. */
function leaseSteps(
  query: Query,
  { take, renew, release }: Statements,
  name: string,
  leaseMs: number,
): LeaseSteps {
  const owner = randomId();
  const isOne = async (statement: string): Promise<boolean> =>
    (await query(statement, [name, owner, Math.ceil(leaseMs)])).length === 1;
  return {
    leaseMs,
    clock: systemClock,
    take: () => isOne(take),
    renew: () => isOne(renew),
    release: async () => void (await query(release, [name, owner])),
  };
}

/** SQLSTATE serialization_failure. */
const metAnother = '40001';
const attempts = 10;

/**
 * Where transactions are stricter than `read committed` by default, PostgreSQL ends one of two statements that meet. Each of
 * ours is complete in itself, and is run again.
 */
function rerunning(query: Query): Query {
  return async (text, values) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await query(text, values);
      } catch (error) {
        if ((error as { code?: string }).code !== metAnother || attempt === attempts) throw error;
      }
    }
  };
}

/** SQLSTATEs: unique_violation, duplicate_table, duplicate_object. */
const alreadyMade: ReadonlySet<string> = new Set(['23505', '42P07', '42710']);

/** Two programs that make a table at once: PostgreSQL refuses one of them, and then the table is there. */
async function madeOnce(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (!alreadyMade.has((error as { code?: string }).code ?? '')) throw error;
    await make();
  }
}

function recordOf([id, value, evictAt]: Row): TokenRecord {
  const record = { id: decoded(String(id)), value: decoded(String(value)) };
  return evictAt === null || evictAt === undefined ? record : { ...record, evictAt: Number(evictAt) };
}

/** PostgreSQL refuses notifications of 8,000 bytes. */
const longestInMessage = 600;

/** What a message says of a record. Of two very long names that begin alike, both are read: that does no harm. */
function toldOf(name: string): string {
  return name.slice(0, longestInMessage).toWellFormed();
}

/** No key of an account is called so: in theirs four digits follow a %. */
const dataIdKey = '%data-id';

/** Escapes what PostgreSQL's text cannot hold: NUL, and lone surrogates, which UTF-8 cannot encode. */
function encoded(text: string): string {
  return text.replace(/[%\0]|\p{Cs}/gu, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function decoded(text: string): string {
  return text.replace(/%([\da-f]{4})/g, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));
}

function checkTable(table: string): void {
  const isName = typeof table === 'string' && /^[a-z_][a-z0-9_]{0,40}(\.[a-z_][a-z0-9_]{0,40})?$/.test(table);
  expectOption(isName, 'table', 'a name of small letters, digits and _, with or without a schema');
}
