/** Changes of sessions in Redis: one listener on the server, or on each primary of a Cluster. */
import { Cluster, type Redis } from 'ioredis';
import type { Logger } from '../../observe/log.ts';
import type { SessionChanges } from '../port/store.ts';
import { bareError } from '../port/unavailable.ts';
import type { RedisClient } from './client.ts';
import { type RedisConfig, redisSecrets, redisTarget } from './options.ts';
import { type Tracking, trackChanges } from './tracking.ts';

/** How often a Cluster is looked at for other primaries. */
const POLL_INTERVAL_MS = 250;
/** At most one line about a listener that fails in this time. */
const QUIET_MS = 60_000;

export interface RedisChangesParts {
  config: RedisConfig;
  /** The connection that reads and writes. */
  client: RedisClient;
  /** What the names of session records begin with. */
  prefix: string;
  /** The key of a session behind the name of one of its records. */
  keyOf(name: string): string | undefined;
  log: Logger;
  clock: () => number;
}

export interface RedisChanges extends SessionChanges {
  close(): void;
}

/** Where a node of a Cluster is, as the connection to it was told. */
const addressOf = ({ options: { host, port } }: Redis) => `${host}:${port}`;

/** Begins to listen when somebody watches. A Redis that knows no tracking leaves `current` false: slower, never wrong. */
export function createRedisChanges({ config, client, prefix, keyOf, log, clock }: RedisChangesParts): RedisChanges {
  const secrets = redisSecrets(config);
  const target = redisTarget(config);
  const listeners = new Map<string, Tracking>();
  let tell: (key?: string) => void = () => {};
  let timer: NodeJS.Timeout | undefined;
  let quietUntil = 0;

  const onError = (error: unknown) => {
    if (clock() < quietUntil) return;
    quietUntil = clock() + QUIET_MS;
    log.warn({ err: bareError(error, secrets) }, 'session store: changes are not told, so each call asks Redis');
  };
  const onChange = (name?: string) => {
    const key = name === undefined ? undefined : keyOf(name);
    if (name === undefined || key !== undefined) tell(key);
  };
  const listenTo = (name: string, options: Parameters<typeof trackChanges>[0]['options']) =>
    listeners.set(name, trackChanges({ options, prefix, onChange, onError }));

  /** One listener for each primary there is now; a new one begins with everything forgotten. */
  function followPrimaries(cluster: Cluster): void {
    const primaries = new Map(cluster.nodes('master').map((node) => [addressOf(node), node]));
    for (const [name, tracking] of listeners) {
      if (primaries.has(name)) continue;
      tracking.stop();
      listeners.delete(name);
      tell();
    }
    for (const [name, { options }] of primaries)
      if (!listeners.has(name) && target.kind === 'cluster')
        listenTo(name, { ...target.options.redisOptions, ...at(options) });
  }

  function begin(): void {
    if (client instanceof Cluster) {
      followPrimaries(client);
      timer = setInterval(() => followPrimaries(client), POLL_INTERVAL_MS).unref();
    } else if (target.kind === 'single') {
      listenTo('', target.options);
      // After a failover both have to be on the same server.
      client.on('ready', () => listeners.get('')?.restart());
    }
  }

  return {
    watch(changed) {
      tell = changed;
      if (timer === undefined && listeners.size === 0) begin();
    },
    current() {
      for (const [, tracking] of listeners) if (!tracking.current()) return false;
      return listeners.size > 0;
    },
    close() {
      clearInterval(timer);
      for (const [, tracking] of listeners) tracking.stop();
    },
  };
}

function at({ host, port }: Redis['options']) {
  return { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
}
