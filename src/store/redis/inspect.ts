/** Inspects a Redis server: version, eviction, persistence, permitted commands. */
import { Cluster, type Redis } from 'ioredis';
import type { Logger } from '../../base/logger.ts';
import type { StoreDeps } from '../port/store-type.ts';
import { connectRedis, type RedisClient } from './client.ts';
import type { RedisConfig } from './schema.ts';

export interface RedisFacts {
  version: string | undefined;
  /** `maxmemory-policy`; undefined when the user may not read it. */
  evictionPolicy: string | undefined;
  /** Whether anything is written to disk; undefined when the user may not read the settings. */
  persistent: boolean | undefined;
  /** Commands that the gateway uses and this user may not run. */
  forbidden: string[];
  /** Whether this user may run CLIENT TRACKING, which the session cache needs. */
  tracking: boolean;
  /** Duration of one round trip. */
  latencyMs: number;
}

/** One harmless example of each command that the store uses, on keys with the prefix. */
const COMMANDS: [name: string, args: (key: string) => string[]][] = [
  ['SET', (key) => [key, '1', 'PX', '1000']],
  ['GET', (key) => [key]],
  ['PEXPIRE', (key) => [key, '1000']],
  ['PTTL', (key) => [key]],
  ['EXISTS', (key) => [key]],
  ['ZADD', (key) => [`${key}:z`, '1', 'x']],
  ['ZRANGE', (key) => [`${key}:z`, '0', '-1']],
  ['ZREM', (key) => [`${key}:z`, 'x']],
  ['EVAL', (key) => ['return 1', '1', key]],
  ['SCAN', () => ['0', 'COUNT', '1']],
  ['DEL', (key) => [key]],
];

type Send = (name: string, args: readonly string[]) => Promise<string>;

const field = (info: string, name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

/** The messages of an error and of its causes. */
function messages(error: unknown): string {
  return error instanceof Error ? `${error.message} ${messages(error.cause)}` : '';
}

async function forbiddenCommands(send: Send, key: string): Promise<string[]> {
  const forbidden: string[] = [];
  for (const [name, args] of COMMANDS)
    await send(name, args(key)).catch((error: unknown) => {
      if (/NOPERM|no permission/i.test(messages(error))) forbidden.push(name);
    });
  return forbidden;
}

async function readSettings(send: Send): Promise<Pick<RedisFacts, 'version' | 'evictionPolicy' | 'persistent'>> {
  const info = async (section: string) => await send('INFO', [section]).catch(() => '');
  const saves = await send('CONFIG', ['GET', 'save']).catch(() => undefined);
  const appendOnly = field(await info('persistence'), 'aof_enabled') === '1';
  return {
    version: field(await info('server'), 'redis_version'),
    evictionPolicy: field(await info('memory'), 'maxmemory_policy'),
    persistent: appendOnly || (saves === undefined ? undefined : saves.replace(/^save,?/, '').trim() !== ''),
  };
}

/** `maxmemory-policy` of a server; undefined if the user may not read it. */
const evictionPolicy = async (server: Redis) => field(await server.info('memory').catch(() => ''), 'maxmemory_policy');

/** Warns of each `maxmemory-policy` that evicts, when the client has connected: evicted sessions are users signed out. */
export function watchEvictionPolicy(client: RedisClient, log: Logger): void {
  const warned = new Set<string>();
  client.on('ready', async () => {
    const servers = client instanceof Cluster ? client.nodes('master') : [client];
    for (const policy of await Promise.all(servers.map(evictionPolicy))) {
      if (policy === undefined || policy === 'noeviction' || warned.has(policy)) continue;
      warned.add(policy);
      log.warn(
        { unsafe: true, policy },
        'session store: Redis evicts sessions when its memory is full; set maxmemory-policy to noeviction',
      );
    }
  });
}

/** Rejects with the error of Redis when it cannot be reached or refuses this user. */
export async function inspectRedis(config: RedisConfig, deps: StoreDeps): Promise<RedisFacts> {
  const connection = connectRedis(config, deps);
  let connectionError: unknown;
  // The error of the connection, such as a wrong password; a command only reports that there is no connection.
  connection.client.on('error', (error: unknown) => {
    connectionError = error;
  });
  const send: Send = (name, args) => connection.run(name, async (client) => String(await client.call(name, ...args)));
  try {
    const startedAt = performance.now();
    await connection
      .run('ping', (client) => client.ping())
      .catch((error: unknown) => {
        throw connectionError ?? error;
      });
    const latencyMs = performance.now() - startedAt;
    const forbidden = await forbiddenCommands(send, `${config.prefix}doctor`);
    const tracking = await send('CLIENT', ['TRACKING', 'OFF']).then(
      () => true,
      () => false,
    );
    return { ...(await readSettings(send)), forbidden, tracking, latencyMs };
  } finally {
    await connection.close();
  }
}
