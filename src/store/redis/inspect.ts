/** A look at a Redis before it is trusted with sessions: who answers, what it forgets, what it allows. */
import { connectRedis, type RedisDeps } from './client.ts';
import type { RedisConfig } from './options.ts';

export interface RedisFacts {
  version: string | undefined;
  /** `maxmemory-policy`; undefined when the user may not read it. */
  evictionPolicy: string | undefined;
  /** Whether anything is written to disk; undefined when it cannot be told. */
  persistent: boolean | undefined;
  /** Commands that the gateway uses and this user may not run. */
  forbidden: string[];
  /** Whether this user may be told of changes (CLIENT TRACKING), without which no session is kept in memory. */
  tells: boolean;
  /** Milliseconds of one round trip. */
  latency: number;
}

/** One harmless call of each kind that the store makes, on keys below the prefix. */
const TRIALS: [name: string, args: (key: string) => string[]][] = [
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

const field = (info: string, name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

/** Rejects with the error of Redis when it cannot be reached or does not let this user in. */
export async function inspectRedis(config: RedisConfig, deps: RedisDeps): Promise<RedisFacts> {
  const connection = connectRedis(config, deps);
  let refused: unknown;
  // What the connection itself was told, such as a wrong password; a call only learns that there is none.
  connection.client.on('error', (error: unknown) => {
    refused = error;
  });
  const send = (name: string, args: readonly string[]) =>
    connection.call(name, async (client) => String(await client.call(name, ...args)));
  const info = async (section: string) => await send('INFO', [section]).catch(() => '');
  try {
    const since = performance.now();
    await connection
      .call('ping', (client) => client.ping())
      .catch((error: unknown) => {
        throw refused ?? error;
      });
    const latency = performance.now() - since;
    const forbidden: string[] = [];
    for (const [name, args] of TRIALS)
      await send(name, args(`${config.prefix}doctor`)).catch((error: unknown) => {
        if (/NOPERM|no permission/i.test(messages(error))) forbidden.push(name);
      });
    const tells = await send('CLIENT', ['TRACKING', 'OFF']).then(
      () => true,
      () => false,
    );
    const memory = await info('memory');
    const persistence = await info('persistence');
    const saves = await send('CONFIG', ['GET', 'save']).catch(() => undefined);
    const appends = field(persistence, 'aof_enabled') === '1';
    return {
      version: field(await info('server'), 'redis_version'),
      evictionPolicy: field(memory, 'maxmemory_policy'),
      persistent: appends || (saves === undefined ? undefined : saves.replace(/^save,?/, '').trim() !== ''),
      forbidden,
      tells,
      latency,
    };
  } finally {
    await connection.close();
  }
}

/** The texts of an error and of what caused it. */
function messages(error: unknown): string {
  return error instanceof Error ? `${error.message} ${messages(error.cause)}` : '';
}
