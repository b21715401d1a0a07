/** The Lua scripts: changes that must be atomic because they involve two records or an owner. */
import type { Result } from 'ioredis';

declare module 'ioredis' {
  // The name of the type parameter must be that of ioredis.
  interface RedisCommander<Context> {
    bffTouch(session: string, tokens: string, ttl: number, retention: number): Result<number, Context>;
    bffEnd(session: string, tokens: string): Result<(string | null)[], Context>;
    bffReplace(session: string, tokens: string, expected: string, value: string): Result<string, Context>;
    bffRenew(lease: string, owner: string, ttl: number): Result<number, Context>;
    bffRelease(lease: string, owner: string): Result<number, Context>;
    bffIndex(index: string, key: string, expiresAt: number, now: number): Result<number, Context>;
    bffSchedule(expiries: string, key: string, expiresAt: number, retention: number): Result<number, Context>;
    bffPutJob(
      due: string,
      data: string,
      id: string,
      dueAt: number,
      value: string,
      ttl: number,
    ): Result<number, Context>;
    /** The number of keys, both keys of each app, the time, the end of the claim, the limit, and ids to leave. */
    bffTakeJobs(...args: (string | number)[]): Result<string[], Context>;
    /** The three hashes, slot, slots of a window and of an entry, expiry and maximum, then caller, counts and wanted requests of each report. */
    bffCount(...args: (string | number)[]): Result<(string | number)[], Context>;
    bffHold(places: string, id: string, max: number, now: number, until: number): Result<number, Context>;
    bffKeep(places: string, until: number, ...ids: string[]): Result<number, Context>;
    bffJoin(members: string, member: string, now: number, until: number): Result<string[], Context>;
    bffDropJob(due: string, data: string, id: string): Result<number, Context>;
  }
}

/** The prefix `bff` keeps the names apart from commands of future Redis versions. */
export const SCRIPTS = {
  bffTouch: {
    numberOfKeys: 2,
    lua: `if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('PEXPIRE', KEYS[2], ARGV[1] + ARGV[2])
return 1`,
  },
  bffEnd: {
    numberOfKeys: 2,
    lua: `local records = redis.call('MGET', KEYS[1], KEYS[2])
if records[1] then redis.call('DEL', KEYS[1], KEYS[2]) end
return records`,
  },
  bffReplace: {
    numberOfKeys: 2,
    lua: `local current = redis.call('GET', KEYS[2])
if not current or redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if string.match(current, '^%d+') ~= ARGV[1] then return 'superseded' end
redis.call('SET', KEYS[2], ARGV[2], 'KEEPTTL')
return 'replaced'`,
  },
  bffRenew: {
    numberOfKeys: 1,
    lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
  },
  bffIndex: {
    numberOfKeys: 1,
    lua: `redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
return redis.call('PEXPIREAT', KEYS[1], last[2])`,
  },
  bffSchedule: {
    numberOfKeys: 1,
    lua: `redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
return redis.call('PEXPIREAT', KEYS[1], last[2] + ARGV[3])`,
  },
  bffPutJob: {
    numberOfKeys: 2,
    lua: `redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < tonumber(ARGV[4]) then redis.call('PEXPIRE', key, ARGV[4]) end
end
return 1`,
  },
  bffTakeJobs: {
    lua: `local taken, left, except = {}, tonumber(ARGV[3]), {}
for at = 4, #ARGV do except[ARGV[at]] = true end
for at = 1, #KEYS, 2 do
  local due, data = KEYS[at], KEYS[at + 1]
  local ids = left > 0 and redis.call('ZRANGEBYSCORE', due, '-inf', ARGV[1], 'LIMIT', 0, left + #ARGV - 3) or {}
  for _, id in ipairs(ids) do
    local expiry, sealed = string.match(redis.call('HGET', data, id) or '', '^(%d+) (.*)$')
    if not expiry or tonumber(expiry) <= tonumber(ARGV[1]) then
      redis.call('ZREM', due, id)
      redis.call('HDEL', data, id)
    elseif left > 0 and not except[id] then
      redis.call('ZADD', due, ARGV[2], id)
      taken[#taken + 1] = id
      taken[#taken + 1] = sealed
      left = left - 1
    end
  end
end
return taken`,
  },
  bffDropJob: {
    numberOfKeys: 2,
    lua: `redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('HDEL', KEYS[2], ARGV[1])`,
  },
  // A caller without counts in this period still has those of the one before, which is as long as the window. A command that was sent at
  // the end of a period, or by a clock that is behind, may find the next one begun: its counts belong there. The field @ says that the
  // hash has an expiry.
  bffCount: {
    numberOfKeys: 3,
    lua: `local slot, span, size, max = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])
local this, last = KEYS[1], KEYS[2]
if slot % span >= span * 3 / 4 and redis.call('EXISTS', KEYS[3]) == 1 then this, last = KEYS[3], KEYS[1] end
local callers = {}
for at = 6, #ARGV, 3 do callers[#callers + 1] = ARGV[at] end
local present = redis.call('HMGET', this, '@', unpack(callers))
local hasNew = false
for index = 1, #callers do hasNew = hasNew or not present[index + 1] end
local past = hasNew and redis.call('HMGET', last, unpack(callers)) or {}
local written, reply = {}, {}
for index, caller in ipairs(callers) do
  local counts, latest, order, used = {}, {}, {}, 0
  local function add(at, count)
    if at <= slot - span or at > slot + span then return end
    local entry = math.floor(at / size)
    if not counts[entry] then order[#order + 1] = entry end
    counts[entry] = math.max(0, (counts[entry] or 0) + count)
    latest[entry] = math.max(latest[entry] or 0, at)
  end
  for _, text in ipairs({ present[index + 1] or past[index] or '', ARGV[3 * index + 4] }) do
    for at, count in string.gmatch(text, '(%d+):(-?%d+)') do add(tonumber(at), tonumber(count)) end
  end
  for _, entry in ipairs(order) do used = used + counts[entry] end
  local granted = math.max(0, math.min(tonumber(ARGV[3 * index + 5]), max - used))
  if granted > 0 then add(slot, granted) end
  for position, entry in ipairs(order) do
    order[position] = string.format('%.0f:%.0f', latest[entry], counts[entry])
  end
  local text = table.concat(order, ',')
  written[#written + 1] = caller
  written[#written + 1] = text
  reply[#reply + 1] = granted
  reply[#reply + 1] = text
end
if present[1] then redis.call('HSET', this, unpack(written))
else
  redis.call('HSET', this, '@', 1, unpack(written))
  redis.call('PEXPIRE', this, ARGV[4])
end
return reply`,
  },
  bffHold: {
    numberOfKeys: 1,
    lua: `redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
return 1`,
  },
  bffKeep: {
    numberOfKeys: 1,
    lua: `for at = 2, #ARGV do redis.call('ZADD', KEYS[1], ARGV[1], ARGV[at]) end
return redis.call('PEXPIREAT', KEYS[1], ARGV[1])`,
  },
  bffJoin: {
    numberOfKeys: 1,
    lua: `redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
return redis.call('ZRANGE', KEYS[1], 0, -1)`,
  },
  bffRelease: {
    numberOfKeys: 1,
    lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
  },
} as const;
