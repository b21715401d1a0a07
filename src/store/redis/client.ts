/** The connection to Redis: connects, logs its state, and limits how long each operation may take. */
import { Cluster, Redis } from 'ioredis';
import type { Logger } from '../../base/logger.ts';
import { knownNetworkError } from '../../base/system/unreachable.ts';
import type { StoreDeps } from '../port/store-type.ts';
import { bareError, storeUnavailable } from '../port/unavailable.ts';
import { connectsWithoutInfo, redisAddresses, redisSecrets, redisTarget } from './options.ts';
import type { RedisConfig } from './schema.ts';
import { SCRIPTS } from './scripts.ts';

export type RedisClient = Redis | Cluster;

/** Runs one operation on Redis. Rejects with `store_unavailable` when it fails, takes too long, or Redis is down. */
export type RunRedis = <T>(operation: string, work: (client: RedisClient) => Promise<T>) => Promise<T>;

export interface RedisConnection {
  readonly client: RedisClient;
  readonly run: RunRedis;
  close(): Promise<void>;
}

/** Maximum operations in progress. More of them mean that Redis cannot keep up, so waiting would not help. */
const MAX_PENDING = 10_000;
const NO_NODES =
  'no usable node of the Cluster: it is unreachable, or its nodes announce no address (set cluster-announce-ip)';
/** Minimum time between two log lines about a failing connection. */
const LOG_INTERVAL_MS = 10_000;

function createClient(config: RedisConfig): RedisClient {
  const target = redisTarget(config);
  return target.kind === 'cluster'
    ? new Cluster(target.nodes, { ...target.options, scripts: SCRIPTS })
    : new Redis({ ...target.options, scripts: SCRIPTS });
}

/** The option that single servers are selected a database by; a Cluster has database 0 only. */
function databaseOf(config: RedisConfig): number {
  const target = redisTarget(config);
  return target.kind === 'single' ? target.database : 0;
}

/**
 * Selects the database once per connection, and lets no operation run before: ioredis itself would go on with database 0 if the
 * server refuses the number.
 */
function createDatabaseSelection(client: RedisClient, database: number, onRefused: (error: unknown) => void) {
  const selections = new WeakMap<object, Promise<unknown>>();
  async function select({ stream }: Redis): Promise<void> {
    const selection = selections.get(stream) ?? client.select(database);
    selections.set(stream, selection);
    try {
      await selection;
    } catch (error) {
      if (selections.get(stream) === selection) selections.delete(stream);
      onRefused(error);
      throw new Error(`database ${database} cannot be selected: ${error instanceof Error ? error.message : error}`);
    }
  }
  // Undefined without a promise for database 0, which nearly every installation uses.
  return () => (database === 0 || client instanceof Cluster ? undefined : select(client));
}

const HINT = 'run: bff-gateway doctor --config FILE';

function logConnection(
  client: RedisClient,
  config: RedisConfig,
  log: Logger,
  clock: () => number,
): (error: unknown) => void {
  const secrets = redisSecrets(config);
  const addresses = redisAddresses(config);
  let quietUntil = 0;
  let failures = 0;
  const onError = (error: unknown) => {
    if (client instanceof Redis && connectsWithoutInfo(client, error)) return;
    failures += 1;
    if (clock() < quietUntil) return;
    quietUntil = clock() + LOG_INTERVAL_MS;
    const reason = knownNetworkError(error);
    const context = { option: 'session.store.redis', addresses, ...(reason !== undefined && { reason }), hint: HINT };
    log.warn({ err: bareError(error, secrets), ...context, failures }, 'session store: Redis connection failed');
  };
  client.on('error', onError);
  client.on('node error', onError);
  client.on('ready', () => {
    if (failures > 0) log.info({ failures }, 'session store: Redis connection restored');
    failures = 0;
    quietUntil = 0;
  });
  if (client instanceof Cluster) client.on('reconnecting', () => onError(new Error(NO_NODES)));
  return onError;
}

/** Resolves when the first attempt to connect has succeeded or failed; until then operations wait instead of failing. */
function firstAttempt(client: RedisClient): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['ready', 'error', 'close', 'end']) client.once(event, () => resolve());
  });
}

async function withTimeout<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no response within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

async function closeClient(client: RedisClient, timeoutMs: number): Promise<void> {
  // QUIT lets pending replies arrive; if Redis does not reply, the connection is cut.
  if (client.status === 'ready') await withTimeout(timeoutMs, client.quit()).catch(() => undefined);
  client.disconnect();
}

/**
 * Sends the commands of one turn of the event loop together. Automatic pipelining of ioredis would also hold back further
 * commands until the replies have arrived, so that a command could take twice the round trip.
 */
function createWriteBatch(client: RedisClient): () => void {
  let open = false;
  return () => {
    if (open || client instanceof Cluster) return;
    open = true;
    const { stream } = client;
    stream.cork();
    setImmediate(() => {
      open = false;
      stream.uncork();
    });
  };
}

/** Connects in the background; Redis may be down. */
export function connectRedis(config: RedisConfig, { log, clock = Date.now }: StoreDeps): RedisConnection {
  const secrets = redisSecrets(config);
  const client = createClient(config);
  const attempted = firstAttempt(client);
  const batchWrites = createWriteBatch(client);
  const logError = logConnection(client, config, log, clock);
  const selectDatabase = createDatabaseSelection(client, databaseOf(config), logError);
  let pending = 0;
  let closed: Promise<void> | undefined;

  async function runConnected<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    await attempted;
    if (closed) throw new Error('the store is closed');
    // Operations are not queued while Redis is down: the queue would grow with the outage, and all of them would be late.
    if (client.status !== 'ready') throw new Error(`not connected (${client.status})`);
    const selected = selectDatabase();
    if (selected) await selected;
    batchWrites();
    return await work(client);
  }

  return {
    client,
    async run(operation, work) {
      if (pending >= MAX_PENDING) throw storeUnavailable(operation, new Error('too many operations wait for Redis'));
      pending += 1;
      try {
        return await withTimeout(config.commandTimeout, runConnected(work));
      } catch (error) {
        throw storeUnavailable(operation, error, secrets);
      } finally {
        pending -= 1;
      }
    },
    close() {
      closed ??= closeClient(client, config.commandTimeout);
      return closed;
    },
  };
}
