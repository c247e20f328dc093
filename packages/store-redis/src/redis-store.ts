import {
  type AuthEvent,
  type ChangeFeed,
  type ChangeFeedHandlers,
  ChangeListeners,
  expectOption,
  randomId,
  reasonOf,
  storeEvents,
  systemClock,
  type TokenRecord,
  type TokenStore,
  waitForLease,
} from '@auth/core';
import { type Connection, connectionOf, type RedisClient } from './client.js';
import { GatheredReads } from './gathered-reads.js';
import * as scripts from './scripts.js';

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /**
   * Your own client, of ioredis 6 or node-redis 6: of a single server, of a cluster, or of a primary with sentinels. The
   * store never closes it.
   */
  readonly client: RedisClient;
  /** What all key and channel names begin with. Default `auth:`. */
  readonly prefix?: string | undefined;
  /** How long a lease holder that died or is frozen blocks others, in milliseconds. Default 15 s. */
  readonly leaseMs?: number | undefined;
  /**
   * Receives `store_failed` when the connection for notifications breaks, and once `store_degraded` for a server that may
   * lose what it keeps: `appendonly no`, or a `maxmemory-policy` that evicts.
   */
  readonly onEvent?: ((event: AuthEvent) => void) | undefined;
}

/** A store in Redis. Disposing it ends its connection for notifications; your client, records and leases stay. */
export interface RedisStore extends Required<TokenStore>, AsyncDisposable {}

/**
 * Keeps records in Redis, shared by all machines that use it: `compareAndSet` is one script and therefore atomic, and
 * `lock` admits one holder at a time. A fail-over of Redis may lose a lease; `compareAndSet` then refuses the write of
 * the slower holder.
 *
 * @throws AuthError `invalid_options`
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  const connection = connectionOf(options?.client);
  const { prefix = 'auth:', leaseMs = 15_000, onEvent } = options;
  // A cluster hashes the text in the first braces. That must be the key, so that a key's names share a slot.
  expectOption(typeof prefix === 'string' && !/[{}]/.test(prefix), 'prefix', 'a string without braces');
  expectOption(leaseMs >= 1_000 && leaseMs < 2 ** 31, 'leaseMs', '1000 to 2147483647');
  const nameOf = (key: string): string => `${prefix}{${encoded(key)}}`;
  const channel = `${prefix}changes`;
  const reads = new GatheredReads(connection);
  // Names this store object in the messages that it publishes, so that it can ignore them.
  const origin = randomId();
  const openFeed = ({ onChange, ...handlers }: ChangeFeedHandlers): ChangeFeed =>
    connection.listen(channel, {
      ...handlers,
      onMessage: (message) => {
        const end = message.indexOf(' ');
        if (message.slice(0, end) !== origin) onChange(message.slice(end + 1));
      },
    });
  const tell = storeEvents('store-redis', onEvent);
  const listeners = new ChangeListeners(openFeed, (error) =>
    tell({ type: 'store_failed', operation: 'subscribe', reason: reasonOf(error) }),
  );

  let isServerKnown = onEvent === undefined;
  /** Tells once of a server that may lose what it keeps. One that does not let itself be asked is not spoken of. */
  const tellOfServer = async (): Promise<void> => {
    isServerKnown = true;
    for (const reason of weaknessesOf(await connection.run(scripts.info, nameOf(''))))
      tell({ type: 'store_degraded', keptIn: 'memory', reason });
  };

  return {
    async get(key) {
      if (!isServerKnown)
        tellOfServer().catch((error: unknown) => {
          // It lets nobody ask, or this user not. After anything else, such as LOADING, it is asked again.
          isServerKnown = /^(ERR|NOPERM) /.test(String((error as Error | undefined)?.message));
        });
      return recordOf(await reads.read(nameOf(key)));
    },

    async compareAndSet(key, expectedId, next) {
      const name = nameOf(key);
      const expected = expectedId === undefined ? '' : `=${expectedId}`;
      const values = [expected, next.id, next.value, ...lifetime(next), name, origin, channel];
      return isYes(await connection.run(scripts.compareAndSet, name, ...values));
    },

    lock: (key, { signal }) => waitForLease(leaseSteps(connection, `${nameOf(key)}:lock`, leaseMs), signal),

    subscribe: (key, listener) => listeners.subscribe(nameOf(key), listener),

    // No key of an account is called so: their names have braces.
    dataId: async () => String(await connection.run(scripts.nameData, `${prefix}data-id`, randomId())),

    [Symbol.asyncDispose]: async () => listeners.close(),
  };
}

/** The steps of one lease. Its owner id stays the same from the first attempt to the release. */
function leaseSteps(connection: Connection, name: string, leaseMs: number) {
  const owner = randomId();
  const run = async (script: scripts.Script): Promise<boolean> =>
    isYes(await connection.run(script, name, owner, String(Math.ceil(leaseMs))));
  return {
    leaseMs,
    clock: systemClock,
    take: () => run(scripts.take),
    renew: () => run(scripts.renew),
    release: async () => void (await run(scripts.release)),
  };
}

/** Why a server may lose what it keeps, by its INFO. */
function weaknessesOf(info: unknown): string[] {
  const text = String(info);
  // Without a limit of its memory Redis evicts nothing.
  const hasLimit = !/^maxmemory:0\r?$/m.test(text);
  const policy = (hasLimit && /^maxmemory_policy:(\S+)/m.exec(text)?.[1]) || 'noeviction';
  return [
    ...(/^aof_enabled:0/m.test(text) ? ['appendonly no'] : []),
    ...(policy === 'noeviction' ? [] : [`maxmemory-policy ${policy}`]),
  ];
}

/** A client may be configured to return numbers as strings, and strings as buffers. */
function isYes(reply: unknown): boolean {
  return Number(reply) === 1;
}

function recordOf(reply: unknown): TokenRecord | undefined {
  if (!Array.isArray(reply)) throw new TypeError('the client gives replies of another shape');
  const [id, value, evictAt] = reply.map((field) => (field === null ? undefined : String(field)));
  if (id === undefined || value === undefined) return undefined;
  return evictAt === undefined ? { id, value } : { id, value, evictAt: Number(evictAt) };
}

/** Redis keeps a record this much longer, because the clock of the machine that wrote it may be hours ahead. */
const graceMs = 24 * 3_600_000;

/** `evictAt` as it is stored, and as a time to live, because the server's clock differs from ours. */
function lifetime({ evictAt }: TokenRecord): [evictAt: string, ttlMs: string] {
  if (evictAt === undefined) return ['', ''];
  return [String(evictAt), String(Math.max(0, Math.ceil(evictAt - Date.now())) + graceMs)];
}

/** Escapes braces, which select a cluster's slot, and lone surrogates, which UTF-8 cannot encode. */
function encoded(key: string): string {
  if (!/[%{}]/.test(key) && key.isWellFormed()) return key;
  return key.replace(/[%{}]|\p{Cs}/gu, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
