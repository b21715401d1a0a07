/** The connection to Redis: opens it, notes what happens to it in the log, and lets no call wait longer than allowed. */
import { Cluster, Redis } from 'ioredis';
import type { Logger } from '../../observe/log.ts';
import { bareError, storeUnavailable } from '../port/unavailable.ts';
import { type RedisConfig, redisSecrets, redisTarget } from './options.ts';
import { SCRIPTS } from './scripts.ts';

export type RedisClient = Redis | Cluster;

/** Runs one call to Redis. Rejects with `store_unavailable` when it fails, takes too long, or Redis is away. */
export type RedisCall = <T>(what: string, work: (client: RedisClient) => Promise<T>) => Promise<T>;

export interface RedisConnection {
  readonly client: RedisClient;
  readonly call: RedisCall;
  close(): Promise<void>;
}

export interface RedisDeps {
  log: Logger;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

/** More calls than these at a time only come from a Redis that cannot keep up: waiting longer would not help them. */
const MOST_WAITING = 10_000;
/** At most one line about a failing connection in this time. */
const QUIET_MS = 10_000;

function createClient(config: RedisConfig): RedisClient {
  const target = redisTarget(config);
  return target.kind === 'cluster'
    ? new Cluster(target.nodes, { ...target.options, scripts: SCRIPTS })
    : new Redis({ ...target.options, scripts: SCRIPTS });
}

function logConnection(client: RedisClient, secrets: readonly string[], log: Logger, clock: () => number): void {
  let quietUntil = 0;
  let failures = 0;
  const failed = (error: unknown) => {
    failures += 1;
    if (clock() < quietUntil) return;
    quietUntil = clock() + QUIET_MS;
    log.warn({ err: bareError(error, secrets), failures }, 'session store: Redis connection failed');
  };
  client.on('error', failed);
  client.on('node error', failed);
  client.on('ready', () => {
    if (failures > 0) log.info({ failures }, 'session store: Redis is back');
    failures = 0;
    quietUntil = 0;
  });
}

/** Resolves once the first attempt to connect has gone well or badly; until then calls wait instead of failing. */
function firstAttempt(client: RedisClient): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['ready', 'error', 'close', 'end']) client.once(event, () => resolve());
  });
}

async function withDeadline<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function closeClient(client: RedisClient, timeout: number): Promise<void> {
  // QUIT lets answers under way arrive; a Redis that does not answer is left behind.
  if (client.status === 'ready') await withDeadline(timeout, client.quit()).catch(() => undefined);
  client.disconnect();
}

/** Connects in the background: Redis need not be there yet. */
export function connectRedis(config: RedisConfig, { log, clock = Date.now }: RedisDeps): RedisConnection {
  const secrets = redisSecrets(config);
  const client = createClient(config);
  const attempted = firstAttempt(client);
  logConnection(client, secrets, log, clock);
  let waiting = 0;
  let closed: Promise<void> | undefined;

  async function run<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    await attempted;
    if (closed) throw new Error('the store is closed');
    // No queue for the time Redis is away: it would grow with the outage and answer nobody in time.
    if (client.status !== 'ready') throw new Error(`not connected (${client.status})`);
    return await work(client);
  }

  return {
    client,
    async call(what, work) {
      if (waiting >= MOST_WAITING) throw storeUnavailable(what, new Error('too many calls wait for Redis'));
      waiting += 1;
      try {
        return await withDeadline(config.commandTimeout, run(work));
      } catch (error) {
        throw storeUnavailable(what, error, secrets);
      } finally {
        waiting -= 1;
      }
    },
    close() {
      closed ??= closeClient(client, config.commandTimeout);
      return closed;
    },
  };
}
