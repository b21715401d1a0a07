/** Whether the session store can be used and keeps what it is given. */
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import { openStore } from '../../store/open.ts';
import { inspectRedis, type RedisFacts } from '../../store/redis/inspect.ts';
import { type Check, fail, ok, warn } from './check.ts';

const NAME = 'store';

/** The innermost text: what the server or the system itself said. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? innermost(error.cause) : error.message;
}

function evictionCheck({ evictionPolicy }: RedisFacts): Check {
  if (evictionPolicy === undefined)
    return warn(
      'store eviction',
      'maxmemory-policy cannot be read by this user',
      'Look yourself that it is noeviction.',
    );
  if (evictionPolicy === 'noeviction')
    return ok('store eviction', 'noeviction: a full Redis refuses, and forgets no session');
  const says = `maxmemory-policy is ${evictionPolicy}: a full Redis drops sessions, and with them marks that something was used once`;
  return warn('store eviction', says, 'Set maxmemory-policy noeviction.');
}

function persistenceCheck({ persistent }: RedisFacts): Check {
  if (persistent === true) return ok('store persistence', 'sessions are written to disk');
  if (persistent === undefined)
    return ok('store persistence', 'cannot be told by this user; without it a restart signs everybody out');
  return warn(
    'store persistence',
    'nothing is written to disk: a restart of Redis signs everybody out',
    'Set appendonly yes, or live with it.',
  );
}

function permissionCheck({ forbidden }: RedisFacts): Check {
  if (forbidden.length === 0) return ok('store commands', 'this user may run what the gateway needs');
  return fail(
    'store commands',
    `this user may not run ${forbidden.join(', ')}`,
    'Allow them for keys below the prefix: ACL SETUSER ... +@read +@write +@scripting +@connection ~<prefix>*',
  );
}

function cacheCheck({ tells }: RedisFacts): Check {
  if (tells) return ok('store cache', 'Redis tells of changes, so sessions are kept in memory for a moment');
  const says = 'this user may not run CLIENT TRACKING, so every call asks Redis';
  return warn('store cache', says, 'Allow +client and +subscribe, and the channel &__redis__:invalidate.');
}

async function redisChecks(config: Parameters<typeof inspectRedis>[0], log: Logger): Promise<Check[]> {
  try {
    const facts = await inspectRedis(config, { log });
    const answers = ok(
      NAME,
      `Redis ${facts.version ?? ''} answers in ${facts.latency.toFixed(1)} ms`.replace('  ', ' '),
    );
    return [answers, permissionCheck(facts), cacheCheck(facts), evictionCheck(facts), persistenceCheck(facts)];
  } catch (error) {
    const text = innermost(error);
    const mend = /WRONGPASS|NOAUTH|AUTH/.test(text)
      ? 'Compare username and password in session.store.redis with those of Redis.'
      : 'Look at the address, the port, TLS (rediss://) and the firewall in session.store.redis.';
    return [fail(NAME, `Redis cannot be used: ${text}`, mend)];
  }
}

async function sqliteChecks(config: Config, file: string, log: Logger): Promise<Check[]> {
  if (file === ':memory:')
    return [warn(NAME, 'SQLite in memory: a restart signs everybody out', 'Give session.store.sqlite.file a path.')];
  try {
    const store = openStore(config, { log });
    await store.ping().finally(() => store.close());
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (text.includes('is in use by')) return [ok(NAME, `${text}: the running gateway, if it is its process`)];
    return [fail(NAME, text, 'Look at the folder and who may write to it.')];
  }
  return [ok(NAME, `SQLite at ${file}; for one instance, more need Redis`)];
}

/** All of them. */
export async function storeChecks(config: Config, log: Logger): Promise<Check[]> {
  const { store } = config.session;
  return 'redis' in store ? await redisChecks(store.redis, log) : await sqliteChecks(config, store.sqlite.file, log);
}
