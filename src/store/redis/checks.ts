/** The checks of `doctor` on Redis: reachable, permitted commands, eviction, persistence, change notifications. */
import { type Check, fail, ok, warn } from '../../base/check.ts';
import type { StoreDeps } from '../port/store-type.ts';
import { inspectRedis, type RedisFacts } from './inspect.ts';
import type { RedisConfig } from './schema.ts';

/** The message of the innermost cause: what the server or the operating system reported. */
function innermostMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? innermostMessage(error.cause) : error.message;
}

function evictionCheck({ evictionPolicy }: RedisFacts): Check {
  const name = 'store eviction';
  if (evictionPolicy === undefined)
    return warn(name, 'this user may not read maxmemory-policy', 'Check that maxmemory-policy is noeviction.');
  if (evictionPolicy === 'noeviction') return ok(name, 'noeviction: a full Redis refuses writes and drops no session');
  const message = `maxmemory-policy is ${evictionPolicy}: a full Redis drops sessions and single-use marks`;
  return warn(name, message, 'Set maxmemory-policy noeviction.');
}

function persistenceCheck({ persistent }: RedisFacts): Check {
  const name = 'store persistence';
  if (persistent === true) return ok(name, 'sessions are written to disk');
  if (persistent === undefined)
    return ok(name, 'this user may not read the persistence settings; without persistence a restart ends all sessions');
  const message = 'nothing is written to disk: a restart of Redis ends all sessions';
  return warn(name, message, 'Set appendonly yes, or accept that a restart signs all users out.');
}

function permissionCheck({ forbidden }: RedisFacts): Check {
  if (forbidden.length === 0) return ok('store commands', 'this user may run every command that the gateway needs');
  return fail(
    'store commands',
    `this user may not run ${forbidden.join(', ')}`,
    'Allow them for keys with the prefix: ACL SETUSER ... +@read +@write +@scripting +@connection ~<prefix>*',
  );
}

function cacheCheck({ tracking }: RedisFacts): Check {
  if (tracking) return ok('store cache', 'client tracking is available: the session cache is enabled');
  const message = 'this user may not run CLIENT TRACKING: the session cache is disabled and each request reads Redis';
  return warn('store cache', message, 'Allow +client and +subscribe, and the channel &__redis__:invalidate.');
}

/** Connects to Redis with these options and reports what it finds. */
export async function checkRedis(config: RedisConfig, { log }: StoreDeps): Promise<Check[]> {
  try {
    const facts = await inspectRedis(config, { log });
    const version = facts.version === undefined ? '' : ` ${facts.version}`;
    const reachable = ok('store', `Redis${version} responds in ${facts.latencyMs.toFixed(1)} ms`);
    return [reachable, permissionCheck(facts), cacheCheck(facts), evictionCheck(facts), persistenceCheck(facts)];
  } catch (error) {
    const message = innermostMessage(error);
    const hint = /WRONGPASS|NOAUTH|AUTH/.test(message)
      ? 'Compare username and password in session.store.redis with those of Redis.'
      : 'Check the address, the port, TLS (rediss://) and the firewall in session.store.redis.';
    return [fail('store', `Redis cannot be used: ${message}`, hint)];
  }
}
