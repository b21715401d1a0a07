/** The server of one process: the public listener, the private listeners, and how they stop. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createAdminServer } from '../admin/admin.ts';
import type { Config } from '../config/schema/schema.ts';
import { inTurn } from '../edge/in-turn.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { type AuditLog, createAudit, createLogAudit } from '../observe/audit.ts';
import type { Logger } from '../observe/log.ts';
import { createMetrics, type Metrics, type MetricsSnapshot } from '../observe/metrics/metrics.ts';
import { createForwardAuthServer } from '../proxy/forward-auth/listener.ts';
import { createPages } from '../responses/pages.ts';
import type { Store } from '../store/port/store.ts';
import { closeServer, type Listeners, listen, listenOnManySockets } from '../tuning/listening-sockets.ts';
import { createReadThrottle } from '../tuning/read-throttle.ts';
import { type ActiveGateway, createActiveGateway } from './active-gateway.ts';
import { createDrain, type Drain } from './drain.ts';
import { createReload, type Reload } from './reload.ts';

export interface RunningServer {
  port: number;
  /** All metrics of this process so far. */
  snapshot(): Promise<MetricsSnapshot>;
  /**
   * Drains, then closes everything, the store last. For `delay` milliseconds readiness is off while requests are still
   * accepted: the time that a load balancer needs to notice.
   */
  stop(delay?: number): Promise<void>;
  /** Reloads the configuration without interrupting requests. An invalid one changes nothing and is logged. */
  reload: Reload;
}

export interface ServerDeps {
  store: Store;
  log: Logger;
  auditLog?: AuditLog;
  clock?: () => number;
}

/** A listener, and how it stops. */
interface DrainingListener {
  drain(delay: number, timeout: number): Promise<void>;
}

/** Stops once, with the delay of the first request to stop. */
export function createStop(close: (delay: number) => Promise<void>): RunningServer['stop'] {
  let closing: Promise<void> | undefined;
  return (delay = 0) => {
    closing ??= close(delay);
    return closing;
  };
}

/** Closes a listener and its open connections. */
export async function closeNow(server: Server): Promise<void> {
  server.closeAllConnections();
  await closeServer(server);
}

function createPublicServer({ limits }: Config, active: ActiveGateway, handle: Gateway['handle']): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.headerSize,
      headersTimeout: limits.headersTimeout,
      // A slow upload may take as long as it makes progress; the head may not.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(1_000, limits.headersTimeout),
      keepAliveTimeout: limits.keepAliveTimeout,
      shouldUpgradeCallback: (req: IncomingMessage) => req.headers.upgrade?.toLowerCase() === 'websocket',
    },
    handle,
  );
  server.on('checkContinue', handle);
  server.on('checkExpectation', (_req, res) => res.writeHead(417, { Connection: 'close' }).end());
  server.on('upgrade', (req, socket, head) => active.current().upgrade(req, socket, head));
  return server;
}

/** Opens the public port. */
async function openPublicListener(config: Config, active: ActiveGateway): Promise<DrainingListener & { port: number }> {
  const throttle = config.tuning.readThrottle ? createReadThrottle() : undefined;
  const handle = inTurn((req, res) => {
    throttle?.onRequest(res);
    active.current().handle(req, res);
  });
  const server = createPublicServer(config, active, handle);
  if (throttle) server.on('connection', throttle.onConnection);
  let listeners: Listeners | undefined;
  const drain: Drain = createDrain(server, async () => await listeners?.close());
  listeners = await listenOnManySockets(server, {
    ...config.listen,
    maxConnections: config.limits.connections,
    sockets: config.tuning.listeningSockets,
  });
  return {
    port: listeners.port,
    async drain(delay, timeout) {
      throttle?.release();
      await drain.run(delay, timeout);
    },
  };
}

/** Opens the private listener of forward authentication, if the configuration has one. */
async function openForwardAuthListener(
  config: Config,
  active: ActiveGateway,
  { log, metrics }: { log: Logger; metrics: Metrics },
): Promise<DrainingListener | undefined> {
  if (!config.forwardAuth) return undefined;
  const server = createForwardAuthServer({
    config,
    verify: (context) => active.current().verify(context),
    pages: createPages(),
    log,
    metrics,
  });
  const drain = createDrain(server);
  await listen(server, config.forwardAuth.port, config.forwardAuth.host);
  return { drain: drain.run };
}

/** Starts all listeners. Resolves when they listen; the provider may be down. */
export async function startServer(config: Config, deps: ServerDeps): Promise<RunningServer> {
  const { log, store } = deps;
  const metrics = createMetrics();
  const audit = createAudit(deps.auditLog ?? createLogAudit(log), metrics.countAuditEvent);
  const active = createActiveGateway(config, { ...deps, metrics });
  let draining = false;
  const admin = createAdminServer({ config, gateway: active.current, log, metrics, draining: () => draining });
  if (config.admin.enabled) await listen(admin, config.admin.port, config.admin.host);
  const forwardAuth = await openForwardAuthListener(config, active, { log, metrics });
  const publicListener = await openPublicListener(config, active);
  const { port } = publicListener;
  log.info({ publicUrl: config.publicUrl, port, store: store.kind }, 'listening');
  audit('gateway.started', { key: config.secrets.keys[0]?.id ?? '' });
  void active.current().start();

  async function close(delay: number): Promise<void> {
    draining = true;
    const { drainTimeout } = config.limits;
    await Promise.all([publicListener.drain(delay, drainTimeout), forwardAuth?.drain(delay, drainTimeout)]);
    await active.close();
    await closeNow(admin);
    await store.close();
    audit('gateway.stopped', {});
  }

  return {
    port,
    snapshot: metrics.snapshot,
    stop: createStop(close),
    reload: createReload({ config, replace: active.replace, log, audit, metrics }),
  };
}
