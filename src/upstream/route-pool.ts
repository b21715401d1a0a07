/** Opens the connections to the upstream of a route: of one URL, or of several targets. */
import type { LookupFunction } from 'node:net';
import type { RouteConfig } from '../config/schema/schema.ts';
import { type PoolConfig, protocolOf } from '../config/traffic/upstream-targets.ts';
import { BalancedPool } from './balance/balanced-pool.ts';
import type { TlsOptions } from './connect/connect.ts';
import { lookup as systemLookup } from './connect/loopback.ts';
import { serverOf } from './connect/target-url.ts';
import { createPool, type Pool, type PoolOptions } from './http/pool.ts';
import type { UpstreamClient } from './http/request-port.ts';
import { createHttp2Pool } from './http2/http2-pool.ts';
import { createOpenConnection } from './open-connection.ts';
import type { TargetEventParts } from './target-events.ts';
import { createTargetsHealth } from './targets-health.ts';

/** The options of a route that configure the connections to its upstream. */
export type UpstreamOptions = Pick<
  RouteConfig,
  'upstream' | 'timeouts' | 'connections' | 'maxQueue' | 'maxStreams' | 'upstreamCa'
> &
  Partial<Pick<RouteConfig, 'path' | 'hostHeader'>>;

export interface RoutePoolParts extends TargetEventParts {
  /** Who writes the requests and parses the responses; `own` by default. */
  client?: UpstreamClient;
  tls?: TlsOptions;
  /** Called each time that an upstream sent bytes beyond a response, with the path of the first route that uses it. */
  onSurplus?(path: string): void;
  clock?: () => number;
  random?: () => number;
  /** Resolves names; that of the system by default. */
  lookup?: LookupFunction;
}

/** Maximum size of a response head; a larger response is rejected. */
const MAX_RESPONSE_HEAD_BYTES = 32 * 1024;

/** The part of its age by which a connection may close earlier, so that those of one moment do not all close at once. */
const AGE_JITTER = 0.1;

/** Creates the connections to one server of an upstream. */
export function createServerPool(
  origin: string,
  route: UpstreamOptions,
  parts: RoutePoolParts,
  maxAge?: PoolOptions['maxAge'],
): Pool {
  const { client = 'own', tls, log, onSurplus, lookup = systemLookup } = parts;
  const connectOptions = {
    origin,
    headTimeout: route.timeouts.headers,
    bodyTimeout: route.timeouts.idle,
    maxHeadBytes: MAX_RESPONSE_HEAD_BYTES,
    lookup,
    ...tls,
  };
  const poolOptions = {
    connections: route.connections + route.maxStreams,
    connectTimeout: route.timeouts.connect,
    maxAge,
  };
  if (protocolOf(route.upstream) !== 'http1') return createHttp2Pool({ ...connectOptions, ...poolOptions });
  return createPool({
    ...poolOptions,
    open: createOpenConnection({ ...connectOptions, client }),
    onSurplus(first) {
      onSurplus?.(route.path ?? '');
      if (!first) return;
      log?.warn(
        { upstream: origin },
        'upstream sent bytes beyond a response; its connections are not reused for 10 minutes',
      );
    },
  });
}

/** Creates the connections to all targets of an upstream. */
export function createTargetsPool(config: PoolConfig, route: UpstreamOptions, parts: RoutePoolParts): BalancedPool {
  const { clock = () => performance.now(), random = Math.random, lookup = systemLookup, log } = parts;
  const { maxConnectionAge } = config;
  const maxAge = maxConnectionAge === 0 ? undefined : () => maxConnectionAge * (1 - AGE_JITTER * random());
  return new BalancedPool({
    config,
    clock,
    random,
    health: createTargetsHealth(config, route, { ...parts, clock, random }),
    lookup,
    createPool: ({ url }, ofTarget) =>
      createServerPool(serverOf(url), limitConnect(config, route), { ...parts, lookup: ofTarget }, maxAge),
    onAddresses: (url, addresses) => log?.info({ upstream: url, addresses }, 'upstream target has other addresses'),
    onUnresolved: (url, err) =>
      log?.warn({ upstream: url, err }, 'failed to resolve upstream target; its last addresses stay in use'),
  });
}

/** No try waits longer for its connection than a try may last. */
function limitConnect({ retries }: PoolConfig, route: UpstreamOptions): UpstreamOptions {
  const { timeouts } = route;
  const { tryTimeout = timeouts.connect } = retries || {};
  return { ...route, timeouts: { ...timeouts, connect: Math.min(timeouts.connect, tryTimeout) } };
}
