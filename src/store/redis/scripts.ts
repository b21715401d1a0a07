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
    bffTakeJobs(due: string, data: string, now: number, until: number, limit: number): Result<string[], Context>;
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
    numberOfKeys: 2,
    lua: `local taken = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])) do
  local value = redis.call('HGET', KEYS[2], id)
  local expiry, sealed = string.match(value or '', '^(%d+) (.*)$')
  if not expiry or tonumber(expiry) <= tonumber(ARGV[1]) then
    redis.call('ZREM', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
  else
    redis.call('ZADD', KEYS[1], ARGV[2], id)
    taken[#taken + 1] = id
    taken[#taken + 1] = sealed
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
