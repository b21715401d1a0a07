/** File descriptors: bounds the client connections by what the process may open, so that probes and upstreams get theirs. */
import { readFileSync } from 'node:fs';
import { appsOf } from '../config/schema/apps.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../observe/log.ts';
import { REDIRECT_CONNECTIONS } from './listeners/redirect-listener.ts';

/** For the private listeners, the store, the provider and files. */
const RESERVED = 128;

const readLimits = () => readFileSync('/proc/self/limits', 'utf8');

/** Returns how many files this process may open; undefined where the system does not say. Node raises its limit at start. */
export function openFileLimit(read: () => string = readLimits): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(read()) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/**
 * Returns the configuration with as many client connections as the limit of open files leaves, and logs a warning if these are
 * fewer than configured. Without descriptors the process could accept no connection at all, probes included.
 */
export function fitOpenFiles(config: Config, log: Logger, openFiles = openFileLimit()): Config {
  const { limits } = config;
  const routes = appsOf(config).flatMap((app) => app.routes);
  if (openFiles === undefined) return config;
  const upstream = routes.reduce((sum, route) => sum + route.connections, 0);
  const reserved = RESERVED + (config.listen.redirect ? REDIRECT_CONNECTIONS : 0);
  const needed = limits.connections + upstream + reserved;
  if (openFiles >= needed) return config;
  // At least half of what is left is for clients, however many connections the routes may use.
  const left = Math.max(2, openFiles - reserved);
  const connections = Math.min(limits.connections, Math.max(Math.floor(left / 2), left - upstream));
  log.warn(
    { openFiles, needed, connections },
    'the limit of open files is too low for limits.connections; accepting fewer client connections; raise LimitNOFILE or ulimit -n',
  );
  return { ...config, limits: { ...limits, connections } };
}
