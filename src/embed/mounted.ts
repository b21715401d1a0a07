/** Composes a mounted gateway: logs, store, apps, reload, and what handlers of the application get. */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createOperatorListener, recentEventsOf } from '../admin/page/listener.ts';
import { logWarnings, withoutListenerWarnings } from '../config/warnings/warnings.ts';
import { createIdleConnections } from '../edge/idle-connections.ts';
import { createAudit } from '../observe/audit.ts';
import { withAuditHook } from '../observe/audit-hook.ts';
import { createMetrics } from '../observe/metrics/metrics.ts';
import { openLogs } from '../observe/open-logs.ts';
import { createActiveGateway } from '../server/active-gateway.ts';
import { createReload } from '../server/reload.ts';
import { openStore } from '../store/open.ts';
import { createCallers } from './callers.ts';
import type { Gateway, GatewayOptions } from './gateway-types.ts';
import { pluginsOf } from './hooks.ts';
import { assertMountable, type ConfigSource, load } from './load.ts';
import { createMountedHandler, drainServer } from './mount.ts';
import { createMountedReload } from './reload.ts';

/** What tests set that an application cannot. */
export interface MountedDeps {
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

/** Opens the logs and the store, and creates the gateway on them. */
function createCore(source: ConfigSource, options: GatewayOptions, deps: MountedDeps) {
  const loaded = load(source, options);
  const { config, warnings } = loaded;
  const plugins = pluginsOf(options);
  assertMountable(config, source);
  const { log, logLevel, accessLines, watchDropped, ...logs } = openLogs(config, options.logTo);
  logWarnings(log, withoutListenerWarnings(warnings));
  const store = openStore(config.session.store, { log, ...deps });
  const metrics = createMetrics();
  watchDropped(metrics.countDroppedLogLine);
  const recent = recentEventsOf(config);
  const auditLog = withAuditHook(logs.auditLog, { plugins, ...config.hooks, log, metrics, recent });
  const parts = { store, log, logLevel, auditLog, accessLines, metrics, plugins };
  const active = createActiveGateway(config, { ...parts, ...deps });
  const audit = createAudit(auditLog, metrics.countAuditEvent);
  const reload = createReload({ config, prepare: active.prepare, log, audit, metrics });
  const reloading = createMountedReload({ source, loaded, options, reload });
  return { config, log, auditLog, store, metrics, active, reloading, recent };
}

/** Creates a gateway and its parts. Throws `ConfigError`. */
export function mountGateway(source: ConfigSource, options: GatewayOptions, deps: MountedDeps) {
  const core = createCore(source, options, deps);
  const { config, auditLog, store, active, reloading } = core;
  const upgraded = new Set<Duplex>();
  const idle = createIdleConnections();
  const { attach, ...callers } = createCallers(active.current);
  let closing: Promise<void> | undefined;
  const draining = () => closing !== undefined;
  const admin = createOperatorListener({ ...core, gateway: active.current, draining });

  async function close(server: Server | undefined, delay: number): Promise<void> {
    const reloaded = reloading.stop();
    if (server) await drainServer(server, upgraded, active, delay, config.limits.drainTimeout);
    idle.stop();
    await reloaded;
    await active.close();
    await store.close();
    await auditLog.settle();
  }

  const gateway: Gateway = {
    handler: createMountedHandler({ active: active.current, watch: idle.watch, attach }),
    upgrade(req, socket, head, next) {
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      active.current().upgrade(req, socket, head, next);
    },
    admin(req, res) {
      idle.watch(req.socket);
      admin.emit('request', req, res);
    },
    start: () => active.current().start(),
    notReady: () => active.current().notReady(),
    reload: reloading.reload,
    ...callers,
    close(server, delay = 0) {
      closing ??= close(server, delay);
      return closing;
    },
  };
  return { gateway, active, config };
}
