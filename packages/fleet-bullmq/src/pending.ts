import type { Cluster, Redis } from 'ioredis';

/** What was asked for while a job ran. */
export interface Pending {
  /** The text that stands for it in Redis. */
  readonly text: string;
  /** The job was removed: the run's own next time counts for nothing. */
  readonly isRemoved: boolean;
  /** The earliest time that was put since, epoch milliseconds. */
  readonly at: number | undefined;
}

/** ARGV: id, at, and '1' to add only to what is pending. The text is an 'r' where the job was removed, then `at`. */
const addPut = `
local pending = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[3] == '1' and not pending then return 0 end
local removed, at = string.match(pending or '', '^(r?)(%d*)$')
if at == '' or tonumber(ARGV[2]) < tonumber(at) then at = ARGV[2] end
redis.call('HSET', KEYS[1], ARGV[1], removed .. at)
return 1`;

/** ARGV: id. */
const addRemoval = `if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then redis.call('HSET', KEYS[1], ARGV[1], 'r') end`;

/** ARGV: id, the text that was carried out. */
const clear = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`;

/** ARGV: owner. */
const release = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;
/** Longer than any of it takes. */
const aloneMs = 30_000;

/**
 * What was put or removed while jobs ran, in one hash beside BullMQ's keys: BullMQ itself neither moves nor removes a
 * job that is being run. It is nearly always empty.
 */
export class PendingChanges {
  readonly #client: Redis | Cluster;
  readonly #key: string;

  constructor(client: Redis | Cluster, key: string) {
    this.#client = client;
    this.#key = key;
  }

  /** @param onlyToPending so that whoever is about to carry out an older change carries out this one too */
  async addPut(id: string, at: number, onlyToPending = false): Promise<void> {
    await this.#client.eval(addPut, 1, this.#key, id, Math.ceil(at), onlyToPending ? '1' : '');
  }

  /** So that whoever is about to carry out an older put carries out the removal in its place. */
  async addRemovalIfPending(id: string): Promise<void> {
    await this.#client.eval(addRemoval, 1, this.#key, id);
  }

  async addRemoval(id: string): Promise<void> {
    await this.#client.hset(this.#key, id, 'r');
  }

  async of(id: string): Promise<Pending | undefined> {
    const [pending] = await this.ofAll([id]);
    return pending;
  }

  async ofAll(ids: readonly string[]): Promise<(Pending | undefined)[]> {
    const texts = await this.#client.hmget(this.#key, ...ids);
    return texts.map((text) => (text === null ? undefined : parse(text)));
  }

  ids(): Promise<string[]> {
    return this.#client.hkeys(this.#key);
  }

  /** Lets one at a time work on a job's changes. Whoever comes meanwhile leaves them to that one, or to the next look. */
  async alone(id: string, work: () => Promise<void>): Promise<void> {
    const [key, owner] = [`${this.#key}:${id}`, crypto.randomUUID()];
    if ((await this.#client.set(key, owner, 'PX', aloneMs, 'NX')) === null) return;
    try {
      await work();
    } finally {
      await this.#client.eval(release, 1, key, owner);
    }
  }

  /** Whether it was still what stood there. */
  async clear(id: string, { text }: Pending): Promise<boolean> {
    return (await this.#client.eval(clear, 1, this.#key, id, text)) === 1;
  }
}

function parse(text: string): Pending {
  const isRemoved = text.startsWith('r');
  const at = text.slice(isRemoved ? 1 : 0);
  return { text, isRemoved, at: at === '' ? undefined : Number(at) };
}
