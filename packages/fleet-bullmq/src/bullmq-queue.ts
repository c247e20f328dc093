import { AuthError, expectOption } from '@auth/core';
import {
  bounded,
  type RefreshJob,
  type RefreshQueue,
  type RunJob,
  type Work,
  type WorkOptions,
} from '@auth/fleet';
import { Queue } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import { copyOf, impatient, patient, Readiness } from './connection.js';
import { PendingChanges } from './pending.js';
import { takeTurn } from './rate.js';
import { type Data, Schedule } from './schedule.js';
import { BullmqWork } from './work.js';

/** Options of {@link bullmqQueue}. */
export interface BullmqQueueOptions {
  /** A `Redis` or a `Cluster` of ioredis. It is copied: nothing is sent over yours, and it is never closed. */
  readonly connection: Redis | Cluster;
  /** Tells several keepers on one Redis apart. Default `'auth-refresh'`. */
  readonly name?: string | undefined;
  /** With what all keys begin. Default BullMQ's own: `'bull'`, and `'{bull}'` on a cluster. */
  readonly prefix?: string | undefined;
}

/** Redis' answer to one command is waited for so long. */
const answerMs = 10_000;

/**
 * A queue on BullMQ, for any number of workers.
 *
 * @throws AuthError `invalid_options`
 */
export function bullmqQueue(options: BullmqQueueOptions): RefreshQueue {
  return new BullmqQueue(options);
}

class BullmqQueue implements RefreshQueue {
  readonly name: string;
  readonly #connection: Redis | Cluster;
  readonly #prefix: string;
  #producer: Promise<Producer> | undefined;
  #client: Redis | Cluster | undefined;
  #isClosed = false;

  constructor({ connection, name = 'auth-refresh', prefix }: BullmqQueueOptions) {
    expectOption(
      typeof connection?.duplicate === 'function' && 'status' in connection,
      'connection',
      'a client of ioredis',
    );
    expectOption(typeof name === 'string' && /^[^:]+$/.test(name), 'name', 'a text without colons');
    expectOption(prefix === undefined || (typeof prefix === 'string' && prefix !== ''), 'prefix', 'a text');
    const { isCluster } = connection;
    expectOption(
      prefix === undefined || !isCluster || /\{.+\}/.test(prefix),
      'prefix',
      'a hash tag on a cluster, such as {auth}',
    );
    expectOption(
      keyPrefixOf(connection) === '',
      'connection',
      'a client without keyPrefix: use the option prefix',
    );
    this.name = name;
    this.#connection = connection;
    this.#prefix = prefix ?? (isCluster ? '{bull}' : 'bull');
  }

  put(jobs: readonly RefreshJob[], { ifAbsent = false }: { ifAbsent?: boolean } = {}): Promise<void> {
    return this.#bounded(({ schedule }) =>
      ifAbsent ? schedule.addAbsent(jobs) : all(jobs, (job) => schedule.put(job)),
    );
  }

  remove(refs: readonly string[]): Promise<void> {
    return this.#bounded(({ schedule }) => all(refs, (ref) => schedule.remove(ref)));
  }

  take(bucket: string, perSecond: number, ref?: string): Promise<number> {
    return this.#bounded(({ client, schedule }) =>
      takeTurn(client, schedule.queue.toKey(`rate:${encodeURIComponent(bucket)}`), perSecond, ref),
    );
  }

  risks(): Promise<string[]> {
    return this.#bounded(async ({ client }) => {
      const info = await client.info();
      const risks: string[] = [];
      if (/^aof_enabled:0/m.test(info)) risks.push('appendonly');
      // Without a limit of its memory Redis evicts nothing.
      if (!/^maxmemory:0\r?$/m.test(info) && !/^maxmemory_policy:noeviction/m.test(info))
        risks.push('maxmemory-policy');
      return risks;
    });
  }

  work(run: RunJob, options: WorkOptions): Work {
    const client = copyOf(this.#connection, patient);
    const schedule = async (): Promise<Schedule> => (await this.#ready()).schedule;
    return new BullmqWork({ name: this.name, prefix: this.#prefix, client, schedule }, run, options);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#client?.disconnect();
  }

  #bounded<Result>(work: (producer: Producer) => Promise<Result>): Promise<Result> {
    return bounded('BullMQ', () => this.#ready(), work);
  }

  /** Waits for Redis, for as long as it takes. */
  async #ready(): Promise<Producer> {
    if (this.#isClosed) throw new AuthError('disposed', { detail: 'the queue was closed' });
    if (this.#client?.status === 'end') this.#producer = undefined;
    this.#producer ??= this.#open();
    try {
      const producer = await this.#producer;
      await producer.connection.ready();
      return producer;
    } catch (error) {
      this.#producer = undefined;
      throw error;
    }
  }

  async #open(): Promise<Producer> {
    const client = copyOf(this.#connection, impatient(answerMs));
    this.#client = client;
    client.on('error', () => {});
    const connection = new Readiness(client);
    await connection.ready();
    try {
      const queue = new Queue<Data>(this.name, { connection: client, prefix: this.#prefix });
      queue.on('error', () => {});
      await queue.waitUntilReady();
      const pending = new PendingChanges(client, queue.toKey('pending'));
      return { client, connection, schedule: new Schedule(queue, pending) };
    } catch (error) {
      client.disconnect();
      throw error;
    }
  }
}

/** What puts and removes go over. */
interface Producer {
  readonly client: Redis | Cluster;
  readonly connection: Readiness;
  readonly schedule: Schedule;
}

/** BullMQ's scripts build names of keys themselves, and know of no prefix of the client's. */
function keyPrefixOf({ options }: Redis | Cluster): string {
  const { keyPrefix, redisOptions } = options as {
    keyPrefix?: string;
    redisOptions?: { keyPrefix?: string };
  };
  return keyPrefix ?? redisOptions?.keyPrefix ?? '';
}

async function all<Value>(values: readonly Value[], work: (value: Value) => Promise<void>): Promise<void> {
  await Promise.all(values.map(work));
}
