/** The server of one process: the public listener, the private listeners, and how they stop. */
import type { Server } from 'node:http';
import { createOperatorListener, recentEventsOf } from '../admin/page/listener.ts';
import { listenFailed } from '../base/system/unlistenable.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Gateway, GatewayDeps } from '../gateway/gateway.ts';
import { openObservedAudit } from '../observe/audit-hook.ts';
import type { Logger } from '../observe/log.ts';
import { toggleLevel } from '../observe/log-level.ts';
import { createMetrics, type Metrics, type MetricsSnapshot } from '../observe/metrics/metrics.ts';
import type { Logs } from '../observe/open-logs.ts';
import { createForwardAuthServer } from '../proxy/forward-auth/listener.ts';
import type { Store } from '../store/port/store.ts';
import { closeServer, listen } from '../tuning/listening-sockets.ts';
import { type ActiveGateway, createActiveGateway } from './active-gateway.ts';
import { configDigest } from './config-digest.ts';
import { fitOpenFiles } from './descriptors.ts';
import { createDrain } from './listeners/drain.ts';
import { type DrainingListener, openPublicListener } from './listeners/public-listener.ts';
import { openRedirectListener } from './listeners/redirect-listener.ts';
import { createReload, type Reload } from './reload.ts';
import { createPublicTls, type PublicTls } from './tls/public-tls.ts';

export interface RunningServer {
  port: number;
  /** All metrics of this process so far. */
  snapshot(): Promise<MetricsSnapshot>;
  /**
   * Drains, then closes everything, the store last. For `delay` milliseconds readiness is off while requests are still
   * accepted: the time that a load balancer needs to notice. A further call can only shorten that time.
   */
  stop(delay?: number): Promise<void>;
  /** Reloads the configuration without interrupting requests. An invalid one changes nothing and is logged. */
  reload: Reload;
  /** Reopens the file of the audit log in every process of this instance. */
  reopenLogs(): void;
  /** Switches the log of every process of this instance to `debug`, or back to the level of the configuration. */
  toggleLogLevel(): void;
}

/** The server of one process, whose gateway can be replaced in the steps of a reload of several processes. */
export type ServerProcess = RunningServer & Pick<ActiveGateway, 'prepare' | 'apply'> & Pick<Gateway, 'upstreams'>;

export interface ServerDeps
  extends Pick<GatewayDeps, 'plugins'>,
    Partial<Pick<Logs, 'logLevel' | 'auditLog' | 'accessLines' | 'watchDropped'>> {
  store: Store;
  log: Logger;
  /** Digest of the configuration of the instance, if this process has a part of it. */
  digest?: string;
  clock?: () => number;
}

/** Stops once; the delay is over at the earliest time that any request to stop names. */
export function createStop(close: (delayOver: Promise<void>) => Promise<void>): RunningServer['stop'] {
  const delayOver = Promise.withResolvers<void>();
  let closing: Promise<void> | undefined;
  return (delay = 0) => {
    // A delay without an end waits for a further request to stop.
    if (Number.isFinite(delay)) setTimeout(delayOver.resolve, delay);
    closing ??= close(delayOver.promise);
    return closing;
  };
}

/** Closes a listener and its open connections. */
export async function closeNow(server: Server): Promise<void> {
  server.closeAllConnections();
  await closeServer(server);
}

/** Opens the private listener for operators. */
export async function listenForAdmin(server: Server, { admin: { host, port } }: Config): Promise<void> {
  await listen(server, port, host).catch(listenFailed({ group: 'admin', host, port }));
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
    apps: () => active.current().askedApps,
    tracing: () => active.current().tracing,
    accessLog: () => active.current().accessLog,
    log,
    metrics,
  });
  const drain = createDrain(server);
  const { host, port } = config.forwardAuth;
  await listen(server, port, host).catch(listenFailed({ group: 'forwardAuth', host, port }));
  return { drain: (delayOver, timeout) => drain.run(delayOver, timeout) };
}

/** The first step of a reload, which also reads the certificates of the public port. */
function prepareWith(active: ActiveGateway, tls: PublicTls | undefined): ActiveGateway['prepare'] {
  return (wanted, ofDigest) => {
    tls?.refresh();
    return active.prepare(wanted, ofDigest);
  };
}

/** Starts all listeners. Resolves when they listen; the provider may be down. */
export async function startServer(config: Config, deps: ServerDeps): Promise<ServerProcess> {
  const { log, store } = deps;
  const metrics = createMetrics();
  deps.watchDropped?.(metrics.countDroppedLogLine);
  const tls = config.listen.tls && createPublicTls(config.listen.tls, { log, metrics });
  const recent = recentEventsOf(config);
  const { auditLog, audit } = openObservedAudit({ ...deps, ...config.hooks, metrics, recent });
  const { digest = configDigest(config) } = deps;
  const active = createActiveGateway(config, { ...deps, auditLog, metrics }, digest);
  const prepare = prepareWith(active, tls);
  let draining = false;
  const adminParts = { config, gateway: active.current, log, metrics, recent };
  const admin = createOperatorListener({ ...adminParts, draining: () => draining });
  if (config.admin.enabled) await listenForAdmin(admin, config);
  const forwardAuth = await openForwardAuthListener(config, active, { log, metrics });
  await active.current().tracing?.ready;
  const publicListener = await openPublicListener(fitOpenFiles(config, log), active, { tls, metrics, log });
  const redirect = await openRedirectListener({ config, log, metrics, apps: () => active.current().apps });
  const { port } = publicListener;
  log.info({ publicUrl: config.publicUrl, port, store: store.kind, digest }, 'listening');
  audit('gateway.started', { key: config.secrets.keys[0]?.id ?? '' });
  void active.current().start();

  async function close(delayOver: Promise<void>): Promise<void> {
    draining = true;
    const { drainTimeout } = config.limits;
    await Promise.all([publicListener, redirect, forwardAuth].map((open) => open?.drain(delayOver, drainTimeout)));
    await active.close();
    await closeNow(admin);
    await store.close();
    audit('gateway.stopped', {});
    await auditLog.settle();
  }

  return {
    port,
    snapshot: metrics.snapshot,
    upstreams: () => active.current().upstreams(),
    stop: createStop(close),
    reload: createReload({ config, prepare, log, audit, metrics }),
    reopenLogs: auditLog.reopen,
    toggleLogLevel: () => void toggleLevel(deps),
    prepare,
    apply: active.apply,
  };
}
