/** Connection pools and queues: one per upstream and set of options, so that a hung upstream does not affect others. */

import { createSharedInstances, type SharedInstances } from '../base/shared-instances.ts';
import { readOptionFile } from '../base/system/unreadable.ts';
import type { RouteConfig } from '../config/schema/schema.ts';
import { digest } from '../crypto/digest.ts';
import type { Logger } from '../observe/log.ts';
import { lookup } from './connect/loopback.ts';
import { createFailureRecord, type FailureRecord, type LastFailure } from './failure-record.ts';
import type { Shares } from './fair-slots.ts';
import { createPool, type Pool } from './http/pool.ts';
import type { UpstreamClient } from './http/request-port.ts';
import { createOpenConnection } from './open-connection.ts';
import { type SlotsState, UpstreamSlots } from './upstream-slots.ts';

/** The options of a route that configure the connections to its upstream. */
export type UpstreamOptions = Pick<
  RouteConfig,
  'upstream' | 'timeouts' | 'connections' | 'maxQueue' | 'maxStreams' | 'upstreamCa'
> &
  Partial<Pick<RouteConfig, 'path'>>;

export interface Upstream {
  readonly pool: Pool;
  readonly slots: UpstreamSlots;
  readonly failures: FailureRecord;
}

/** What this process knows of an upstream. Apps with the same upstream and options share its slots. */
export interface UpstreamState {
  readonly origin: string;
  /** Path patterns of the routes that use it. */
  readonly paths: readonly string[];
  readonly slots: SlotsState;
  readonly failures: number;
  readonly lastFailure: LastFailure | undefined;
}

/** Pools and slots that several apps use. */
export type SharedUpstreams = SharedInstances<Upstream>;

export interface Upstreams {
  forRoute(route: UpstreamOptions): Upstream;
  /** The state of each upstream of the routes. */
  states(): UpstreamState[];
  /** Closes all connections. */
  close(): Promise<void>;
}

/** Maximum size of a response head; a larger response is rejected. */
const MAX_RESPONSE_HEAD_BYTES = 32 * 1024;

/** Presented to upstreams that request a client certificate; tokens may be bound to it (RFC 8705 section 3). */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Reads the CA file of an upstream. Called at start, so that an unreadable file stops the start. */
export function readCa(route: Pick<RouteConfig, 'upstreamCa'>): { ca?: string } {
  return route.upstreamCa === undefined ? {} : { ca: readOptionFile('routes[].upstreamCa', route.upstreamCa) };
}

export interface UpstreamParts {
  /** Who writes the requests and parses the responses; `own` by default. */
  client?: UpstreamClient;
  /** Share of the slots that one caller and one address can hold. */
  shares: Shares;
  certificate?: ClientCertificate | undefined;
  log?: Logger;
  /** The pools and slots of further sets of routes, such as those of other apps; their own by default. */
  shared?: SharedUpstreams;
  /** Called each time that an upstream sent bytes beyond a response, with the path of the first route that uses it. */
  onSurplus?(path: string): void;
}

function createRoutePool(origin: string, route: UpstreamOptions, parts: UpstreamParts): Pool {
  const { client = 'own', certificate, log, onSurplus } = parts;
  const open = createOpenConnection({
    origin,
    client,
    headTimeout: route.timeouts.headers,
    bodyTimeout: route.timeouts.idle,
    maxHeadBytes: MAX_RESPONSE_HEAD_BYTES,
    lookup,
    ...readCa(route),
    ...(certificate ? { cert: certificate.cert, key: certificate.key } : {}),
  });
  return createPool({
    open,
    connections: route.connections + route.maxStreams,
    connectTimeout: route.timeouts.connect,
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

/** Creates an empty set of pools and slots; each is closed when the last set of routes that uses it is. */
export const createSharedUpstreams = (): SharedUpstreams =>
  createSharedInstances(({ pool, slots }) => {
    slots.close();
    pool.destroy();
  });

function stateOf({ slots, failures }: Upstream, routes: readonly UpstreamOptions[]): UpstreamState {
  const [first] = routes;
  const origin = first ? new URL(first.upstream).origin : '';
  return { origin, paths: routes.flatMap(({ path = [] }) => path), slots: slots.state(), ...failures.state() };
}

/** Creates the pools and slots of all routes; routes with the same upstream and options share one. */
export function createUpstreams(routes: readonly UpstreamOptions[], parts: UpstreamParts): Upstreams {
  const { shared = createSharedUpstreams(), client, shares, certificate } = parts;
  const byRoute = new Map<UpstreamOptions, Upstream>();
  const acquired: { release(): void }[] = [];
  // Digested: the certificate comes with its key.
  const identity = digest(JSON.stringify([client, shares, certificate]));

  function open(route: UpstreamOptions): Upstream {
    const { origin } = new URL(route.upstream);
    const key = JSON.stringify([
      identity,
      origin,
      route.timeouts,
      route.connections,
      route.maxQueue,
      route.maxStreams,
      route.upstreamCa,
    ]);
    const { instance: upstream, release } = shared.acquire(key, () => ({
      pool: createRoutePool(origin, route, parts),
      slots: new UpstreamSlots(route, shares),
      failures: createFailureRecord(),
    }));
    acquired.push({ release });
    byRoute.set(route, upstream);
    return upstream;
  }

  for (const route of routes) open(route);
  return {
    forRoute: (route) => byRoute.get(route) ?? open(route),
    states() {
      const routesOf = Map.groupBy(byRoute.keys(), (route) => byRoute.get(route));
      return [...routesOf].flatMap(([upstream, used]) => (upstream ? [stateOf(upstream, used)] : []));
    },
    async close() {
      for (const { release } of acquired) release();
    },
  };
}
