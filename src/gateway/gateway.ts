/** The gateway without its listeners: request handling, health, administration of sessions, start and close. */

import { createHealth, type PartHealth } from '../admin/health.ts';
import { type AdminSessions, createAdminSessions } from '../admin/sessions.ts';
import { endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import { createEdge } from '../edge/edge.ts';
import type { RequestContext } from '../edge/request-context.ts';
import { createDevServer } from '../frontend/dev-server.ts';
import type { ForwardedHeaders } from '../proxy/forward-auth/verify.ts';
import { createPageSteps } from '../proxy/pages/page-steps.ts';
import { composeGateway, type GatewayParts } from './composition.ts';
import { createRequestDispatch, createUpgradeDispatch, type HandleRequest, type HandleUpgrade } from './dispatch.ts';
import { createFailureResponder } from './failures.ts';
import { createRejectMalformed, type RejectMalformed } from './malformed.ts';
import { createRequestCounter } from './request-counter.ts';
import type { GatewayDeps } from './shared-parts.ts';

export type { GatewayDeps } from './shared-parts.ts';

export interface Gateway {
  readonly handle: HandleRequest;
  readonly upgrade: HandleUpgrade;
  readonly rejectMalformed: RejectMalformed;
  /** Headers for a front proxy that asks for a decision about a request to `origin`; rejects as a proxied request would be refused. */
  verify(context: RequestContext, origin: string): Promise<ForwardedHeaders>;
  /** Sessions for the private listener. */
  readonly adminSessions: AdminSessions;
  /** State of each part that this instance depends on; it should get traffic while all are ready. */
  health(): Promise<PartHealth[]>;
  /** Why this instance should get no traffic; empty when it is ready. */
  notReady(): Promise<string[]>;
  /** Number of requests and tunnels in progress. */
  active(): number;
  /** Number of those that end on their own: all but event streams and WebSockets. */
  running(): number;
  /** Ends the event streams and WebSockets, and those that open later: a listener that drains would wait for them. */
  endStreams(): void;
  /** Whether the first attempt to discover the provider has ended, successfully or not. */
  started(): boolean;
  /** Starts discovery and background work; resolves after the first attempt. */
  start(): Promise<void>;
  /** Stops timers and closes upstream connections. The store stays open: it belongs to the caller. */
  close(): Promise<void>;
}

/** Creates a gateway from a parsed configuration. */
export function createGateway(config: Config, deps: GatewayDeps): Gateway {
  const parts = composeGateway(config, deps);
  const { providers, metrics, dataPlane } = parts;
  const health = createHealth({
    providers: providers.all.map(({ id, provider: { state } }) => ({ id, state })),
    store: deps.store,
    metrics,
  });
  const edge = createEdge({ config, log: deps.log, probePath: endpointPaths(config.endpoints).session });
  const counter = createRequestCounter(parts);
  const dispatchParts = {
    ...parts,
    config,
    edge,
    counter,
    failures: createFailureResponder({ ...parts, config, edge }),
    pageSteps: createPageSteps({ ...parts, config }),
    devServer:
      config.frontend?.devServer === undefined
        ? undefined
        : createDevServer(config, config.frontend.devServer, parts.streams),
  };
  return {
    handle: createRequestDispatch(dispatchParts),
    upgrade: createUpgradeDispatch(dispatchParts),
    rejectMalformed: createRejectMalformed(dispatchParts.failures),
    verify: (context, origin) => dataPlane.verify(context, origin),
    adminSessions: createAdminSessions({ config, ...parts }),
    health,
    async notReady() {
      return (await health()).flatMap((part) => (part.ready ? [] : [`${part.part}: ${part.reason}`]));
    },
    active: counter.active,
    running: () => counter.active() - parts.streams.lasting.size(),
    endStreams: parts.streams.lasting.endAll,
    ...createLifecycle(parts),
  };
}

/** Starts and closes the parts that run in the background. */
function createLifecycle(parts: GatewayParts): Pick<Gateway, 'started' | 'start' | 'close'> {
  const { providers, services, revoker, expiredSessions, streams, upstreams, refresher, tracer, metrics } = parts;
  const unwatch = metrics.watchOpenRequests(() => streams.size());
  let started = false;
  return {
    started: () => started,
    async start() {
      services.start();
      revoker.start();
      expiredSessions.start();
      await Promise.all(providers.all.map(({ provider }) => provider.start()));
      started = true;
    },
    async close() {
      for (const { provider } of providers.all) provider.stop();
      services.stop();
      revoker.stop();
      streams.lasting.endAll();
      expiredSessions.stop();
      streams.close();
      unwatch();
      await tracer?.close();
      await upstreams.close();
      await refresher.close();
    },
  };
}
