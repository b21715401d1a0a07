/** The HTTP listeners: limits, time-outs, upgrades, draining. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createAdminServer } from '../admin/admin.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { type AuditLog, createAudit, createLogAudit } from '../observe/audit.ts';
import type { Logger } from '../observe/log.ts';
import { createMetrics, type MetricsSnapshot } from '../observe/metrics/metrics.ts';
import { createForwardAuthServer } from '../proxy/forward-auth/listener.ts';
import { createPages } from '../responses/pages.ts';
import type { Store } from '../store/port/store.ts';
import { closed, listen, listenOnManySockets } from '../tuning/listening-sockets.ts';
import { createReadThrottle } from '../tuning/read-throttle.ts';
import { createActiveGateway } from './active-gateway.ts';
import { createDrain } from './drain.ts';
import { createReload, type Reload } from './reload.ts';

export interface RunningServer {
  port: number;
  /** What was counted so far. */
  snapshot(): Promise<MetricsSnapshot>;
  /**
   * Lets running calls end, then closes everything, the store last. For `delay` milliseconds it is not ready any more but
   * still takes calls: as long as a balancer may need to notice.
   */
  stop(delay?: number): Promise<void>;
  /** Reads the configuration anew and takes it on while calls go on; a bad one changes nothing and is told in the log. */
  reload: Reload;
}

export interface ServerDeps {
  store: Store;
  log: Logger;
  auditLog?: AuditLog;
  clock?: () => number;
}

/** Closes a listener and cuts what is open on it. */
export async function closeNow(server: Server): Promise<void> {
  server.closeAllConnections();
  await closed(server);
}

/** Starts both listeners. Resolves when they listen; the provider may come later. */
export async function startServer(config: Config, deps: ServerDeps): Promise<RunningServer> {
  const { log, store } = deps;
  const metrics = createMetrics();
  const audit = createAudit(deps.auditLog ?? createLogAudit(log), metrics.countAuditEvent);
  const swap = createActiveGateway(config, { ...deps, metrics });
  const pace = createReadThrottle();
  const handle: Gateway['handle'] = (req, res) => {
    pace.onRequest(res);
    swap.current().handle(req, res);
  };
  const upgrade: Gateway['upgrade'] = (req, socket, head) => swap.current().upgrade(req, socket, head);
  const server = createServer(
    {
      maxHeaderSize: config.limits.headerSize,
      headersTimeout: config.limits.headersTimeout,
      // A slow upload that makes progress may take as long as it likes; the head may not.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(1_000, config.limits.headersTimeout),
      keepAliveTimeout: config.limits.keepAliveTimeout,
      shouldUpgradeCallback: (req: IncomingMessage) => req.headers.upgrade?.toLowerCase() === 'websocket',
    },
    handle,
  );
  server.on('connection', pace.onConnection);
  server.on('checkContinue', handle);
  server.on('checkExpectation', (_req, res) => res.writeHead(417, { Connection: 'close' }).end());
  server.on('upgrade', upgrade);
  const drain = createDrain(server, () => listeners.close());

  let draining = false;
  const admin = createAdminServer({ config, gateway: swap.current, log, metrics, draining: () => draining });
  if (config.admin.enabled) await listen(admin, config.admin.port, config.admin.host);
  const asked =
    config.forwardAuth &&
    createForwardAuthServer({
      config,
      verify: (context) => swap.current().verify(context),
      pages: createPages(),
      log,
      metrics,
    });
  const drainAsked = asked && createDrain(asked);
  if (config.forwardAuth && asked) await listen(asked, config.forwardAuth.port, config.forwardAuth.host);
  const listeners = await listenOnManySockets(
    server,
    config.listen.port,
    config.listen.host,
    config.limits.connections,
  );
  const { port } = listeners;
  log.info({ publicUrl: config.publicUrl, port, store: store.kind }, 'listening');
  audit('gateway.started', { key: config.secrets.keys[0]?.id ?? '' });
  void swap.current().start();

  async function end(delay: number): Promise<void> {
    draining = true;
    const { drainTimeout } = config.limits;
    pace.release();
    await Promise.all([drain.run(delay, drainTimeout), drainAsked?.run(delay, drainTimeout)]);
    await swap.close();
    await closeNow(admin);
    await store.close();
    audit('gateway.stopped', {});
  }
  let ended: Promise<void> | undefined;

  return {
    port,
    snapshot: metrics.snapshot,
    stop(delay = 0) {
      ended ??= end(delay);
      return ended;
    },
    reload: createReload({ config, replace: swap.replace, log, audit, metrics }),
  };
}
