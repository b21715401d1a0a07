/** Session changes in Redis: one tracking connection to the server, or to each primary of a Cluster. */
import { Cluster, type Redis } from 'ioredis';
import type { Logger } from '../../base/logger.ts';
import type { SessionChanges } from '../port/store.ts';
import { bareError } from '../port/unavailable.ts';
import type { RedisClient } from './client.ts';
import type { RedisKeys } from './keys.ts';
import { redisSecrets, redisTarget } from './options.ts';
import type { RedisConfig } from './schema.ts';
import { type Tracking, type TrackingParts, trackChanges } from './tracking.ts';

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

/** Logs failed tracking, at most once per interval, and that it works again. */
function createTrackingLog({ config, log, clock }: RedisChangesParts): Pick<TrackingParts, 'onError' | 'onStart'> {
  const secrets = redisSecrets(config);
  let quietUntil = 0;
  let failed = false;
  return {
    onError(error) {
      if (clock() < quietUntil) return;
      quietUntil = clock() + LOG_INTERVAL_MS;
      failed = true;
      log.warn(
        { err: bareError(error, secrets) },
        'session store: client tracking unavailable; session cache disabled',
      );
    },
    onStart() {
      if (failed) log.info('session store: client tracking available; session cache enabled');
      failed = false;
      quietUntil = 0;
    },
  };
}

/** The tracking connections by the address of their server. */
function createTrackings(parts: Omit<TrackingParts, 'options'>) {
  const byAddress = new Map<string, Tracking>();
  const add = (address: string, options: TrackingParts['options']) =>
    byAddress.set(address, trackChanges({ ...parts, options }));
  return {
    add,
    restart: (address: string) => byAddress.get(address)?.restart(),
    /** Keeps one connection per primary. When a primary leaves, any session may have changed. */
    follow(cluster: Cluster, options: Parameters<typeof add>[1]): void {
      const primaries = new Map(cluster.nodes('master').map((node) => [addressOf(node), node]));
      for (const [address, tracking] of byAddress) {
        if (primaries.has(address)) continue;
        tracking.stop();
        byAddress.delete(address);
        parts.onChange();
      }
      for (const [address, node] of primaries)
        if (!byAddress.has(address)) add(address, { ...options, ...hostAndPort(node.options) });
    },
    current(): boolean {
      for (const [, tracking] of byAddress) if (!tracking.current()) return false;
      return byAddress.size > 0;
    },
    stop(): void {
      for (const [, tracking] of byAddress) tracking.stop();
    },
  };
}

/** Starts tracking at the first `watch`. Without client tracking `current` stays false: each request then reads Redis. */
export function createRedisChanges(parts: RedisChangesParts): RedisChanges {
  const { config, client, keys } = parts;
  const target = redisTarget(config);
  let notify: ((key?: string) => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const onChange = (name?: string) => {
    const key = name === undefined ? undefined : keys.keyOf(name);
    if (name === undefined || key !== undefined) notify?.(key);
  };
  const trackings = createTrackings({ prefix: keys.recordPrefix, onChange, ...createTrackingLog(parts) });

  function start(): void {
    if (client instanceof Cluster && target.kind === 'cluster') {
      const follow = () => trackings.follow(client, target.options.redisOptions);
      follow();
      timer = setInterval(follow, POLL_INTERVAL_MS).unref();
    } else if (target.kind === 'single') {
      trackings.add('', target.options);
      // After a failover both connections must be to the same server.
      client.on('ready', () => trackings.restart(''));
    }
  }

  return {
    watch(listener) {
      const started = notify !== undefined;
      notify = listener;
      if (!started) start();
    },
    current: trackings.current,
    close() {
      clearInterval(timer);
      trackings.stop();
    },
  };
}
