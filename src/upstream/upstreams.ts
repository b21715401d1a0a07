/** Connection pools and queues: one per upstream and set of options, so that a hung upstream does not affect others. */
import { createSharedInstances, type SharedInstances } from '../base/shared-instances.ts';
import { firstServer } from '../config/traffic/upstream-targets.ts';
import { digest } from '../crypto/digest.ts';
import type { BalancedPool } from './balance/balanced-pool.ts';
import type { EndpointState } from './balance/endpoint.ts';
import { serverOf } from './connect/target-url.ts';
import { createFailureRecord, type FailureRecord, type LastFailure } from './failure-record.ts';
import type { Shares } from './fair-slots.ts';
import type { Pool } from './http/pool.ts';
import { type ClientCertificate, readTls } from './read-tls.ts';
import { createServerPool, createTargetsPool, type RoutePoolParts, type UpstreamOptions } from './route-pool.ts';
import { withRetries } from './targets-health.ts';
import { type SlotsState, UpstreamSlots } from './upstream-slots.ts';

export interface Upstream {
  readonly pool: Pool;
  /** The same pool below its retries, if the upstream has several targets. */
  readonly balanced: BalancedPool | undefined;
  readonly slots: UpstreamSlots;
  readonly failures: FailureRecord;
}

/** What this process knows of an upstream. Apps with the same upstream and options share its slots. */
export interface UpstreamState {
  /** Of its first target. */
  readonly origin: string;
  /** The servers of an upstream with targets. */
  readonly targets: readonly EndpointState[] | undefined;
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

export interface UpstreamParts extends Omit<RoutePoolParts, 'tls'> {
  certificate?: ClientCertificate | undefined;
  /** Share of the slots that one caller and one address can hold. */
  shares: Shares;
  /** The pools and slots of further sets of routes, such as those of other apps; their own by default. */
  shared?: SharedUpstreams;
}

/** Creates an empty set of pools and slots; each is closed when the last set of routes that uses it is. */
export const createSharedUpstreams = (): SharedUpstreams =>
  createSharedInstances(({ pool, slots }) => {
    slots.close();
    pool.destroy();
  });

function stateOf({ balanced, slots, failures }: Upstream, routes: readonly UpstreamOptions[]): UpstreamState {
  const [first] = routes;
  const origin = first ? firstServer(first.upstream) : '';
  const paths = routes.flatMap(({ path = [] }) => path);
  return { origin, targets: balanced?.states(), paths, slots: slots.state(), ...failures.state() };
}

/** Creates the pools and slots of all routes; routes with the same upstream and options share one. */
export function createUpstreams(routes: readonly UpstreamOptions[], parts: UpstreamParts): Upstreams {
  const { shared = createSharedUpstreams(), client, shares, certificate } = parts;
  const byRoute = new Map<UpstreamOptions, Upstream>();
  const acquired: { release(): void }[] = [];

  function open(route: UpstreamOptions): Upstream {
    const { upstream: config } = route;
    const tls = readTls(route, certificate);
    const own = { ...parts, tls };
    const key = JSON.stringify([
      client,
      shares,
      typeof config === 'string' ? serverOf(config) : config,
      route.timeouts,
      route.connections,
      route.maxQueue,
      route.maxStreams,
      // Digested, because it comes with a key. The contents of its files count: they change while their paths stay.
      digest(JSON.stringify(tls)),
    ]);
    const { instance: upstream, release } = shared.acquire(key, () => {
      const common = { slots: new UpstreamSlots(route, shares), failures: createFailureRecord() };
      if (typeof config === 'string')
        return { ...common, pool: createServerPool(firstServer(config), route, own), balanced: undefined };
      const balanced = createTargetsPool(config, route, own);
      return { ...common, pool: withRetries(balanced, config, route, own), balanced };
    });
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
