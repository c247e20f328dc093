import type { MaybePromise } from '@auth/core';

/** A Lua script, and the name by which Redis knows it once it has run there. */
export class Script {
  readonly text: string;
  #sha1: string | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** SHA-1 of the text, in hex (Redis documentation, EVALSHA). */
  sha1(): MaybePromise<string> {
    return this.#sha1 ?? this.#computed();
  }

  async #computed(): Promise<string> {
    const hash = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(this.text));
    const bytes = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0'));
    this.#sha1 = bytes.join('');
    return this.#sha1;
  }
}

/**
 * The record under each key: id, value and evictAt, or nils. A key that holds something else has the message of the
 * error in its place, and takes none of the others with it.
 */
export const read: Script = new Script(`
local records = {}
for place, key in ipairs(KEYS) do
  local fields = redis.pcall('HMGET', key, 'id', 'value', 'evictAt')
  records[place] = fields.err or fields
end
return records`);

/**
 * Replaces the record with the expected id and notifies the others, in one step.
 * ARGV: expected id with a leading '=', or '' for none; id; value; evictAt or ''; time to live in ms or ''; name of the
 * record; id of the writing store object; channel. Nothing is deleted first: a user may be allowed to delete and not to
 * write. `pcall`, because a refused PUBLISH must not fail the write. The first PUBLISH is for version 1.0, which
 * subscribe to a channel for each record.
 */
export const compareAndSet: Script = new Script(`
local standing = redis.call('HGET', KEYS[1], 'id')
if (standing and '=' .. standing or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'id', ARGV[2], 'value', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'evictAt', ARGV[4])
else redis.call('HDEL', KEYS[1], 'evictAt') end
if ARGV[5] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[5])
else redis.call('PERSIST', KEYS[1]) end
redis.pcall('PUBLISH', ARGV[6], ARGV[7])
redis.pcall('PUBLISH', ARGV[8], ARGV[7] .. ' ' .. ARGV[6])
return 1`);

const renewal = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`;

/** Extends our lease. ARGV: owner, lease in ms. */
export const renew: Script = new Script(renewal);

/**
 * Takes a lease that is free, or already ours from an attempt whose answer was lost. A lease that has lost its time to
 * live would never end: it gets one. ARGV: owner, lease in ms.
 */
export const take: Script = new Script(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end${renewal}`);

/** Releases our lease. ARGV: owner. */
export const release: Script = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`);

/** The name of the data, which it gets where there is none. ARGV: a new name. */
export const nameData: Script = new Script(`
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])`);

/** What the server tells of its disk and of its memory. KEYS[1] only says which node of a cluster is asked. */
export const info: Script = new Script(
  `return redis.call('INFO', 'persistence') .. redis.call('INFO', 'memory')`,
);
