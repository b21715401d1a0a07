/** Composes a mounted gateway: logs, store, apps, reload, and what handlers of the application get. */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdminServer } from '../admin/admin.ts';
import { logWarnings, withoutListenerWarnings } from '../config/warnings/warnings.ts';
import { createIdleConnections } from '../edge/idle-connections.ts';
import { createAudit } from '../observe/audit.ts';
import { createMetrics } from '../observe/metrics/metrics.ts';
import { openLogs } from '../observe/open-logs.ts';
import { createActiveGateway } from '../server/active-gateway.ts';
import { createReload } from '../server/reload.ts';
import { openStore } from '../store/open.ts';
import { createCallers } from './callers.ts';
import type { Gateway, GatewayOptions } from './gateway-types.ts';
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
  assertMountable(config, source);
  const { log, logLevel, auditLog, accessLines, watchDropped } = openLogs(config, options.logTo);
  logWarnings(log, withoutListenerWarnings(warnings));
  const store = openStore(config.session.store, { log, ...deps });
  const metrics = createMetrics();
  watchDropped(metrics.countDroppedLogLine);
  const active = createActiveGateway(config, { store, log, logLevel, auditLog, accessLines, metrics, ...deps });
  const audit = createAudit(auditLog, metrics.countAuditEvent);
  const reload = createReload({ config, prepare: active.prepare, log, audit, metrics });
  return { config, log, store, metrics, active, reloading: createMountedReload({ source, loaded, options, reload }) };
}

/** Creates a gateway and its parts. Throws `ConfigError`. */
export function mountGateway(source: ConfigSource, options: GatewayOptions, deps: MountedDeps) {
  const { config, log, store, metrics, active, reloading } = createCore(source, options, deps);
  const upgraded = new Set<Duplex>();
  const idle = createIdleConnections();
  const { attach, ...callers } = createCallers(active.current);
  let closing: Promise<void> | undefined;
  const draining = () => closing !== undefined;
  const admin = createAdminServer({ config, gateway: active.current, log, metrics, draining });

  async function close(server: Server | undefined, delay: number): Promise<void> {
    const reloaded = reloading.stop();
    if (server) await drainServer(server, upgraded, active, delay, config.limits.drainTimeout);
    idle.stop();
    await reloaded;
    await active.close();
    await store.close();
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
