/** Picks the store that the configuration names. */
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../observe/log.ts';
import type { Store } from './port/store.ts';
import { openRedisStore } from './redis/redis.ts';
import { openSqliteStore } from './sqlite/sqlite.ts';

export interface StoreDeps {
  log: Logger;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

/** Opens the session store. A database file must be usable now; Redis may come later. */
export function openStore(config: Pick<Config, 'session'>, deps: StoreDeps): Store {
  const { store } = config.session;
  return 'redis' in store ? openRedisStore(store.redis, deps) : openSqliteStore(store.sqlite, deps);
}
