/** The Lua scripts: what must happen in one step in Redis because two records or an owner are involved. */
import type { Result } from 'ioredis';

declare module 'ioredis' {
  // The parameter's name and default are ioredis's own.
  interface RedisCommander<Context> {
    bffTouch(session: string, tokens: string, ttl: number): Result<number, Context>;
    bffEnd(session: string, tokens: string): Result<number, Context>;
    bffReplace(session: string, tokens: string, expected: string, value: string): Result<string, Context>;
    bffRenew(lease: string, owner: string, ttl: number): Result<number, Context>;
    bffRelease(lease: string, owner: string): Result<number, Context>;
  }
}

/** Names are prefixed so that they cannot collide with a command of a later Redis. */
export const SCRIPTS = {
  bffTouch: {
    numberOfKeys: 2,
    lua: `if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return 1`,
  },
  bffEnd: {
    numberOfKeys: 2,
    lua: `redis.call('DEL', KEYS[2])
return redis.call('DEL', KEYS[1])`,
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
  bffRelease: {
    numberOfKeys: 1,
    lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
  },
} as const;
