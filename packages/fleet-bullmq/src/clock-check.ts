import type { Cluster, Redis } from 'ioredis';

/** Clocks that differ by no more agree. */
const toleranceMs = 60_000;
/** For how long a worker that agreed with Redis is remembered. */
const rememberedMs = 120_000;

/** ARGV: our clock, tolerance, how long to remember. Returns by how much we differ where others agree, else 0. */
const script = `
local time = redis.call('TIME')
local differs = tonumber(ARGV[1]) - (time[1] * 1000 + math.floor(time[2] / 1000))
if math.abs(differs) > tonumber(ARGV[2]) then return redis.call('EXISTS', KEYS[1]) * differs end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[3])
return 0`;

/**
 * By how many milliseconds this machine's clock is ahead of Redis', where the clocks of other workers are not; 0 where it
 * agrees, or nobody's does and Redis' own may be wrong. BullMQ finds jobs due by its worker's clock: one that is wrong
 * hands out the jobs of all others too early, or makes them due again at once.
 */
export async function wrongClockMs(client: Redis | Cluster, key: string): Promise<number> {
  return Number(await client.eval(script, 1, key, Date.now(), toleranceMs, rememberedMs));
}
