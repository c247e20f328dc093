import { forgottenTurnMs, movedTurnMs, turnAheadMs } from '@auth/fleet';
import type { Cluster, Redis } from 'ioredis';

/**
 * A turn at a rate, by Redis' own clock, as `Turns` of @auth/fleet has it. KEYS: the rate, the turns that accounts were
 * given, and those of them that were moved. ARGV: milliseconds between two turns, the three times of `Turns`, the account
 * or ''. A rate that nobody asks for is forgotten.
 */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local between, ahead, good, kept, ref = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local function turnIn(key) return tonumber(redis.call('ZSCORE', key, ref) or nil) end
local function text(number) return string.format('%.3f', number) end
local moved = turnIn(KEYS[3])
local given = moved or turnIn(KEYS[2])
if given and given - now >= ahead then return math.ceil(given - now) end
if given then redis.call('ZREM', moved and KEYS[3] or KEYS[2], ref) end
if moved and now <= moved + good then return math.max(0, math.floor(moved - now)) end
local known = redis.call('HMGET', KEYS[1], 'next', 'from', 'until')
local next, from, upto = tonumber(known[1] or 0), tonumber(known[2] or 0), tonumber(known[3] or 0)
local at = math.max(now, next, given or 0)
local free = given or at < from or now >= upto
if ref == '' and not (free and at == now) then return math.ceil(math.max(at - now, 1)) end
local wait
if free and at - now < ahead then
  next = at + between
  wait = math.floor(at - now)
else
  local turn
  if given then
    turn = math.max(next, now + ahead)
    next = turn + between
  else
    local first = now >= upto
    turn = math.max(first and next or upto, now + ahead)
    if first then from = turn end
    upto = turn + between
  end
  local key = given and KEYS[3] or KEYS[2]
  redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now - kept))
  redis.call('ZADD', key, text(turn), ref)
  wait = math.ceil(turn - now)
end
redis.call('HSET', KEYS[1], 'next', text(next), 'from', text(from), 'until', text(upto))
local left = math.ceil(math.max(upto, next) - now) + kept
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, left) end
return wait`;

/** Milliseconds until a turn that all workers share. */
export async function takeTurn(
  client: Redis | Cluster,
  key: string,
  perSecond: number,
  ref = '',
): Promise<number> {
  const times = [1_000 / perSecond, turnAheadMs, movedTurnMs, forgottenTurnMs];
  return Number(await client.eval(script, 3, key, `${key}:turns`, `${key}:moved`, ...times, ref));
}
