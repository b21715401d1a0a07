/** A gateway that is mounted in a Node server of an application. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdminServer } from '../admin/admin.ts';
import type { ReloadResult } from '../config/load/reload-plan.ts';
import { logWarnings, withoutListenerWarnings } from '../config/warnings/warnings.ts';
import { createIdleConnections } from '../edge/idle-connections.ts';
import { createAudit } from '../observe/audit.ts';
import { createMetrics } from '../observe/metrics/metrics.ts';
import { openLogs } from '../observe/open-logs.ts';
import { createActiveGateway } from '../server/active-gateway.ts';
import { createReload } from '../server/reload.ts';
import { openStore } from '../store/open.ts';
import { assertMountable, type ConfigSource, type LoadOptions, load } from './load.ts';
import { createMountedHandler, drainServer } from './mount.ts';
import { createMountedReload } from './reload.ts';

export interface GatewayOptions extends LoadOptions {
  /** Destination of log lines, one JSON object each. Default: standard output. */
  logTo?: { write(line: string): void };
}

export interface Gateway {
  /**
   * Handles a request: use it as `app.use(gateway.handler)` before any body parser, or as the listener of a `node:http`
   * server. Calls `next` for a path that is not a route, an endpoint or part of the front end.
   */
  handler(req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void;
  /** Handles a WebSocket handshake: `server.on('upgrade', gateway.upgrade)`. Without `next`, other paths are refused. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, next?: () => void): void;
  /** Liveness, readiness, metrics and sessions, for a server that only operators can reach. */
  admin(req: IncomingMessage, res: ServerResponse): void;
  /** Discovers the provider. Resolves after the first attempt; until one succeeds, requests that need the provider get 503. */
  start(): Promise<void>;
  /** The reasons why this instance should get no traffic; empty when it is ready. */
  notReady(): Promise<string[]>;
  /**
   * Applies a changed configuration without interrupting requests: that of `source`, or the file that the gateway was created
   * from, read again. What cannot be used changes nothing, and is named in the result and the log. Never rejects.
   */
  reload(source?: ConfigSource): Promise<ReloadResult>;
  /**
   * Closes everything, the session store last. If the server that the gateway is mounted on is given, it is drained first:
   * for `delay` milliseconds only readiness is off, then no new connections are accepted, and requests in progress are cut
   * after `limits.drainTimeout`.
   */
  close(server?: Server, delay?: number): Promise<void>;
}

/** Opens the logs and the store, and creates the gateway on them. */
function createCore(source: ConfigSource, options: GatewayOptions) {
  const loaded = load(source, options);
  const { config, warnings } = loaded;
  assertMountable(config, source);
  const { log, logLevel, auditLog, watchDropped } = openLogs(config, options.logTo);
  logWarnings(log, withoutListenerWarnings(warnings));
  const store = openStore(config.session.store, { log });
  const metrics = createMetrics();
  watchDropped(metrics.countDroppedLogLine);
  const active = createActiveGateway(config, { store, log, logLevel, auditLog, metrics });
  const audit = createAudit(auditLog, metrics.countAuditEvent);
  const reload = createReload({ config, prepare: active.prepare, log, audit, metrics });
  return { config, log, store, metrics, active, reloading: createMountedReload({ source, loaded, options, reload }) };
}

/**
 * Creates a gateway from a YAML file, an object, or the result of `loadConfig`. It opens no listeners, so `listen` and the
 * addresses of `admin` have no effect. Throws `ConfigError` when the configuration is invalid.
 */
export function createGateway(source: ConfigSource, options: GatewayOptions = {}): Gateway {
  const { config, log, store, metrics, active, reloading } = createCore(source, options);
  const upgraded = new Set<Duplex>();
  const idle = createIdleConnections();
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

  return {
    handler: createMountedHandler(active.current, idle.watch),
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
    close(server, delay = 0) {
      closing ??= close(server, delay);
      return closing;
    },
  };
}
