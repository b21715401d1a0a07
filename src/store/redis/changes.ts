/** Session changes in Redis: one tracking connection to the server, or to each primary of a Cluster. */
import { Cluster, type Redis } from 'ioredis';
import type { Logger } from '../../base/logger.ts';
import type { SessionChanges } from '../port/store.ts';
import { bareError } from '../port/unavailable.ts';
import type { RedisClient } from './client.ts';
import type { RedisKeys } from './keys.ts';
import { redisSecrets, redisTarget } from './options.ts';
import type { RedisConfig } from './schema.ts';
import { type Tracking, trackChanges } from './tracking.ts';

/** How often the primaries of a Cluster are polled. */
const POLL_INTERVAL_MS = 250;
/** Minimum time between two log lines about failed tracking. */
const LOG_INTERVAL_MS = 60_000;

export interface RedisChangesParts {
  config: RedisConfig;
  /** The connection that reads and writes. */
  client: RedisClient;
  keys: Pick<RedisKeys, 'recordPrefix' | 'keyOf'>;
  log: Logger;
  clock: () => number;
}

export interface RedisChanges extends SessionChanges {
  close(): void;
}

/** The address of a Cluster node, as its connection has it. */
const addressOf = ({ options: { host, port } }: Redis) => `${host}:${port}`;

function hostAndPort({ host, port }: Redis['options']) {
  return { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
}

/** Logs failed tracking, at most once per interval. */
function createErrorLog({ config, log, clock }: RedisChangesParts): (error: unknown) => void {
  const secrets = redisSecrets(config);
  let quietUntil = 0;
  return (error) => {
    if (clock() < quietUntil) return;
    quietUntil = clock() + LOG_INTERVAL_MS;
    log.warn({ err: bareError(error, secrets) }, 'session store: client tracking unavailable; session cache disabled');
  };
}

/** Starts tracking at the first `watch`. Without client tracking `current` stays false: each request then reads Redis. */
export function createRedisChanges(parts: RedisChangesParts): RedisChanges {
  const { config, client, keys } = parts;
  const target = redisTarget(config);
  const trackings = new Map<string, Tracking>();
  const onError = createErrorLog(parts);
  let notify: (key?: string) => void = () => {};
  let timer: NodeJS.Timeout | undefined;

  const onChange = (name?: string) => {
    const key = name === undefined ? undefined : keys.keyOf(name);
    if (name === undefined || key !== undefined) notify(key);
  };
  const track = (address: string, options: Parameters<typeof trackChanges>[0]['options']) =>
    trackings.set(address, trackChanges({ options, prefix: keys.recordPrefix, onChange, onError }));

  /** Keeps one tracking connection per primary. When a primary leaves, any session may have changed. */
  function followPrimaries(cluster: Cluster): void {
    const primaries = new Map(cluster.nodes('master').map((node) => [addressOf(node), node]));
    for (const [address, tracking] of trackings) {
      if (primaries.has(address)) continue;
      tracking.stop();
      trackings.delete(address);
      notify();
    }
    for (const [address, { options }] of primaries)
      if (!trackings.has(address) && target.kind === 'cluster')
        track(address, { ...target.options.redisOptions, ...hostAndPort(options) });
  }

  function start(): void {
    if (client instanceof Cluster) {
      followPrimaries(client);
      timer = setInterval(() => followPrimaries(client), POLL_INTERVAL_MS).unref();
    } else if (target.kind === 'single') {
      track('', target.options);
      // After a failover both connections must be to the same server.
      client.on('ready', () => trackings.get('')?.restart());
    }
  }

  return {
    watch(listener) {
      notify = listener;
      if (timer === undefined && trackings.size === 0) start();
    },
    current() {
      for (const [, tracking] of trackings) if (!tracking.current()) return false;
      return trackings.size > 0;
    },
    close() {
      clearInterval(timer);
      for (const [, tracking] of trackings) tracking.stop();
    },
  };
}
