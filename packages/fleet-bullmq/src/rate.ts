import type { Cluster, Redis } from 'ioredis';

/**
 * The next turn at a rate, by Redis' own clock. ARGV: milliseconds between two turns. Returns how long it is until the
 * next turn, 0 where it was taken, and how many wait. A rate that nobody asks for is forgotten.
 */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local between = tonumber(ARGV[1])
local known = redis.call('HMGET', KEYS[1], 'next', 'waiting')
local next, waiting = tonumber(known[1] or 0), tonumber(known[2] or 0)
local untilNext = 0
if now < next then
  waiting = waiting + 1
  untilNext = math.ceil(next - now)
else
  waiting = math.max(0, waiting - 1)
  next = math.max(next, now - between) + between
end
redis.call('HSET', KEYS[1], 'next', string.format('%.3f', next), 'waiting', waiting)
redis.call('PEXPIRE', KEYS[1], 60000)
return { untilNext, waiting }`;

/** Milliseconds to wait for a turn that all workers share; 0 takes it. */
export async function takeTurn(client: Redis | Cluster, key: string, perSecond: number): Promise<number> {
  const betweenMs = 1_000 / perSecond;
  const [untilNext, waiting] = (await client.eval(script, 1, key, betweenMs)) as [number, number];
  if (untilNext === 0) return 0;
  // Turns are not reserved: whoever waits comes again within the time that all who wait will take.
  return Math.ceil(untilNext + waiting * betweenMs * Math.random());
}
