/** Connection pools: one for each upstream and set of options, so that a hung upstream stalls nobody else. */
import { readFileSync } from 'node:fs';
import type { RouteConfig } from '../config/schema/schema.ts';
import type { Logger } from '../observe/log.ts';
import { type ConcurrencyLimiter, createConcurrencyLimiter } from './concurrency-limit.ts';
import { createPool, type Pool } from './http/pool.ts';
import { lookup } from './loopback.ts';

/** The options of a route that decide how its upstream is reached. */
export type UpstreamOptions = Pick<RouteConfig, 'upstream' | 'timeouts' | 'connections' | 'maxQueue' | 'upstreamCa'>;

export interface Upstream {
  readonly pool: Pool;
  readonly limiter: ConcurrencyLimiter;
}

export interface Upstreams {
  of(route: UpstreamOptions): Upstream;
  /** Cuts all connections. */
  close(): Promise<void>;
}

/** Largest response head; beyond it the answer is refused. */
const MAX_RESPONSE_HEAD = 32 * 1024;

/** What the gateway shows an upstream that asks for a client certificate: tokens may be bound to it (RFC 8705 section 3). */
export interface OwnCertificate {
  readonly cert: string;
  readonly key: string;
}

/** The CA file of an upstream, read once; throws at start when it cannot be read. */
export function readCa(route: Pick<RouteConfig, 'upstreamCa'>): { ca?: string } {
  return route.upstreamCa === undefined ? {} : { ca: readFileSync(route.upstreamCa, 'utf8') };
}

function openPool(origin: string, route: UpstreamOptions, own?: OwnCertificate, log?: Logger): Pool {
  return createPool({
    origin,
    connections: route.connections,
    connectTimeout: route.timeouts.connect,
    headTimeout: route.timeouts.headers,
    bodyTimeout: route.timeouts.idle,
    maxHead: MAX_RESPONSE_HEAD,
    lookup,
    onDistrust: () =>
      log?.warn(
        { upstream: origin },
        'upstream sent bytes beyond a response; its connections are not reused for 10 minutes',
      ),
    ...readCa(route),
    ...(own ? { cert: own.cert, key: own.key } : {}),
  });
}

/** Opens the pools of all routes; routes with the same upstream and options share one. */
export function createUpstreams(routes: readonly UpstreamOptions[], own?: OwnCertificate, log?: Logger): Upstreams {
  const known = new WeakMap<UpstreamOptions, Upstream>();
  const shared = new Map<string, Upstream>();

  function open(route: UpstreamOptions): Upstream {
    const { origin } = new URL(route.upstream);
    const key = JSON.stringify([origin, route.timeouts, route.connections, route.maxQueue, route.upstreamCa]);
    const upstream = shared.get(key) ?? {
      pool: openPool(origin, route, own, log),
      limiter: createConcurrencyLimiter(route.connections, route.maxQueue),
    };
    shared.set(key, upstream);
    known.set(route, upstream);
    return upstream;
  }

  for (const route of routes) open(route);
  return {
    of: (route) => known.get(route) ?? open(route),
    async close() {
      for (const { pool } of shared.values()) pool.destroy();
    },
  };
}
