import { turnAheadMs } from '@auth/fleet';
import type { Cluster, Redis } from 'ioredis';

/**
 * A turn at a rate, by Redis' own clock, as `Turns` of @auth/fleet has it. KEYS: the rate, and the turns that accounts were
 * given. ARGV: milliseconds between two turns, how far ahead one is given, the account or ''. A rate that nobody asks for
 * is forgotten, and a turn that nobody comes back for.
 */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local between, ahead, ref = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local given = tonumber(redis.call('ZSCORE', KEYS[2], ref) or nil)
if given and given - now >= ahead then return math.ceil(given - now) end
local known = redis.call('HMGET', KEYS[1], 'next', 'from', 'until')
local next, from, upto = tonumber(known[1] or 0), tonumber(known[2] or 0), tonumber(known[3] or 0)
local at = math.max(now, next, given or 0)
local free = given or now < from or now >= upto
if ref == '' and not (free and at == now) then return math.ceil(math.max(at - now, 1)) end
local wait
if free and at - now < ahead then
  redis.call('ZREM', KEYS[2], ref)
  next = at + between
  wait = math.floor(at - now)
else
  local first = now >= upto
  local turn = math.max(first and next or upto, now + ahead)
  if first then from = turn end
  upto = turn + between
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 60000)
  redis.call('ZADD', KEYS[2], string.format('%.3f', turn), ref)
  wait = math.ceil(turn - now)
end
local function text(number) return string.format('%.3f', number) end
redis.call('HSET', KEYS[1], 'next', text(next), 'from', text(from), 'until', text(upto))
local kept = math.ceil(math.max(upto - now, 0)) + 60000
redis.call('PEXPIRE', KEYS[1], kept)
redis.call('PEXPIRE', KEYS[2], kept)
return wait`;

/** Milliseconds until a turn that all workers share. */
export async function takeTurn(
  client: Redis | Cluster,
  key: string,
  perSecond: number,
  ref = '',
): Promise<number> {
  return Number(await client.eval(script, 2, key, `${key}:turns`, 1_000 / perSecond, turnAheadMs, ref));
}
