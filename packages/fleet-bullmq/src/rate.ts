import type { Cluster, Redis } from 'ioredis';

/**
 * The next turn at a rate, by Redis' own clock. ARGV: milliseconds between two turns. Returns 0 where the turn was taken,
 * else how long it is until a turn that nobody else waits for. A rate that nobody asks for is forgotten.
 */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local between = tonumber(ARGV[1])
local known = redis.call('HMGET', KEYS[1], 'next', 'last')
local next, last = tonumber(known[1] or 0), tonumber(known[2] or 0)
local wait = 0
if now >= next then next = math.max(next, now - between) + between
else
  local turn = math.max(last, next)
  last = turn + between
  wait = math.ceil(turn - now)
end
redis.call('HSET', KEYS[1], 'next', string.format('%.3f', next), 'last', string.format('%.3f', last))
redis.call('PEXPIRE', KEYS[1], math.max(60000, math.ceil(last - now)))
return wait`;

/**
 * Milliseconds to wait for a turn that all workers share; 0 takes it. Who waits is given a turn after the last: it is free
 * when he asks again then, unless somebody else came first.
 */
export async function takeTurn(client: Redis | Cluster, key: string, perSecond: number): Promise<number> {
  return Number(await client.eval(script, 1, key, 1_000 / perSecond));
}
