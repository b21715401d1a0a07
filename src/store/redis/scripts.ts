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
  bffRelease: {
    numberOfKeys: 1,
    lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
  },
} as const;
