/** The gateway without its listeners: every request passes the edge, which finds its app, and the app handles it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createHealth, type ObservedApp, type PartHealth } from '../admin/health.ts';
import { type AdminSessions, createAdminSessions } from '../admin/sessions.ts';
import type { AppUpstream } from '../admin/upstreams.ts';
import { GatewayError } from '../base/errors.ts';
import { endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import { type AppRequest, createEdge, type Edge } from '../edge/edge.ts';
import { checkUpgradeFraming } from '../edge/framing.ts';
import { afterResponses } from '../edge/in-turn.ts';
import type { AccessLog } from '../observe/access/access-log.ts';
import { createAudit } from '../observe/audit.ts';
import type { Tracing } from '../observe/tracing/tracing.ts';
import { type AskedApp, type AskedApps, createAskedApps } from '../proxy/forward-auth/choose-app.ts';
import { inRequestSpan, inUpgradeSpan, passOn } from '../tracing/request-span.ts';
import type { AppRuntime } from './app-runtime.ts';
import { createFailureResponder, type FailureResponder } from './failures.ts';
import { createGeneration, type Generation, startApps } from './generation.ts';
import { createRejectMalformed, type RejectMalformed } from './malformed.ts';
import { createSharedParts, type GatewayDeps, type SharedParts } from './shared-parts.ts';

export type { GatewayDeps } from './shared-parts.ts';

export interface Gateway {
  /** Handles a request. `next` gets what matches no route and no endpoint, if its app has no front end. */
  handle(req: IncomingMessage, res: ServerResponse, next?: () => void): void;
  /** Handles an upgrade. `next` gets what matches no route, if its app has no development server. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, next?: () => void): void;
  /** The app of a request, checked at the edge; undefined for a path that belongs to no app. Throws GatewayError. */
  find(req: IncomingMessage): AppRequest<AppRuntime> | undefined;
  readonly rejectMalformed: RejectMalformed;
  /** The apps of the gateway. */
  readonly apps: Generation['apps'];
  /** Undefined if traces of clients are only passed on. */
  readonly tracing: Tracing | undefined;
  /** Undefined if it is off. */
  readonly accessLog: AccessLog | undefined;
  /** The apps that a front proxy may ask about. */
  readonly askedApps: AskedApps<AskedApp>;
  /** Sessions for the private listener. */
  readonly adminSessions: AdminSessions;
  /** What this process knows of the upstreams of its apps. */
  upstreams(): AppUpstream[];
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
  /** Whether the first attempt to discover the providers has ended, successfully or not. */
  started(): boolean;
  /** Starts discovery and background work; resolves after the first attempt. */
  start(): Promise<void>;
  /** Stops timers and closes upstream connections. The store stays open: it belongs to the caller. */
  close(): Promise<void>;
}

/** Creates a gateway from a parsed configuration, with all of its apps. */
export function createGateway(config: Config, deps: GatewayDeps): Gateway {
  return serveApps(createGeneration(config, createSharedParts(config, deps)));
}

/** Creates a gateway of apps that exist. Two generations can have an app in common while one replaces the other. */
export function serveApps({ apps, shared, config }: Pick<Generation, 'apps' | 'shared' | 'config'>): Gateway {
  // The first app responds to what belongs to none.
  const [first] = apps;
  const edge = createEdge({
    apps,
    arrive: shared.arrive,
    probePath: endpointPaths(first.config.endpoints).session,
  });
  const health = createHealth({ ...shared, apps: apps.map(observedApp) });
  const unmatched = createUnmatched({ apps, shared });
  const sum = (read: (app: AppRuntime) => number) => apps.reduce((total, app) => total + read(app), 0);
  return {
    ...createHandlers(edge, unmatched, shared),
    accessLog: shared.accessLog,
    rejectMalformed: createRejectMalformed(unmatched),
    apps,
    tracing: shared.tracing,
    askedApps: createAskedApps(apps),
    // The first app may be a refused one, which still has the secret of before.
    adminSessions: createAdminSessions({
      config,
      apps: apps.map((app) => app.adminSessions),
      store: shared.store,
      audit: createAudit(shared.auditLog),
    }),
    upstreams: () =>
      apps.flatMap((app) =>
        app.upstreams().map((state) => ({ app: app.config.app.id, process: process.pid, ...state })),
      ),
    health,
    async notReady() {
      return (await health()).flatMap((part) => (part.ready ? [] : [`${part.part}: ${part.reason}`]));
    },
    active: () => sum((app) => app.active()),
    running: () => sum((app) => app.running()),
    endStreams() {
      for (const app of apps) app.endStreams();
    },
    started: () => apps.every((app) => app.started()),
    async start() {
      await Promise.all([startApps(apps), shared.tracing?.ready]);
    },
    async close() {
      await Promise.all(apps.map((app) => app.close()));
      await shared.tracing?.close();
    },
  };
}

/** Whether the edge found that a request is for no app: all apps of its origin lie below paths. */
const isOfNoApp = (error: unknown) => error instanceof GatewayError && error.code === 'not_found';

/** The functions that pass requests and upgrades to their apps. */
function createHandlers(
  edge: Edge<AppRuntime>,
  unmatched: FailureResponder,
  { tracing, accessLog, arrive }: SharedParts,
): Pick<Gateway, 'find' | 'handle' | 'upgrade'> {
  function find(req: IncomingMessage): AppRequest<AppRuntime> | undefined {
    try {
      return edge(req);
    } catch (error) {
      if (isOfNoApp(error)) return undefined;
      throw error;
    }
  }
  /** The request, if it is for an app; `next` gets one for another path. */
  function arrived(req: IncomingMessage, next: (() => void) | undefined): AppRequest<AppRuntime> | undefined {
    const request = next ? find(req) : edge(req);
    if (!request) next?.();
    return request;
  }
  function upgradeInTurn(...[req, socket, head, next]: Parameters<Gateway['upgrade']>): void {
    try {
      const request = arrived(req, next);
      if (!request) return;
      checkUpgradeFraming(req);
      request.app.upgrade(request, socket, head, next);
    } catch (error) {
      unmatched.respondOnSocket(req, socket, error);
    }
  }
  function handle(...[req, res, next]: Parameters<Gateway['handle']>): void {
    try {
      const request = arrived(req, next);
      request?.app.handle(request, res, next);
    } catch (error) {
      unmatched.respondUnmatched(req, res, error);
    }
  }
  return {
    find,
    handle(req, res, next) {
      if (!tracing && !accessLog) return handle(req, res, next);
      const arrival = arrive(req);
      accessLog?.watchResponse(arrival, res);
      const traced = () => handle(req, res, next && (() => passOn(arrival, next)));
      inRequestSpan(arrival, tracing?.startRequest(arrival), res, traced);
    },
    upgrade(req, socket, head, next) {
      socket.on('error', () => socket.destroy());
      afterResponses(socket, () => {
        if (!tracing && !accessLog) return upgradeInTurn(req, socket, head, next);
        const arrival = arrive(req);
        accessLog?.watchUpgrade(arrival, socket);
        const traced = () => upgradeInTurn(req, socket, head, next && (() => passOn(arrival, next)));
        inUpgradeSpan(arrival, tracing?.startRequest(arrival), traced);
      });
    },
  };
}

const observedApp = ({ config, providers, page }: AppRuntime): ObservedApp => ({
  id: config.app.id,
  page,
  providers: providers.all.map(({ id, provider: { state } }) => ({ id, state })),
});

/** Responds to what belongs to no app as the first app does; of several apps it counts for none. */
function createUnmatched({ apps: [first, ...further], shared }: Pick<Generation, 'apps' | 'shared'>): FailureResponder {
  if (further.length === 0) return first.failures;
  const { config } = first;
  return createFailureResponder({ ...shared, config, metrics: shared.metrics.ofApp('', config.admin.metrics.detail) });
}
