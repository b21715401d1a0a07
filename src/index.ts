/** Entry point of the npm package: a gateway that is mounted in a Node server, and its configuration. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdminServer } from './admin/admin.ts';
import { type Loaded, loadFile, loadObject } from './config/load/load.ts';
import type { Config, ConfigInput } from './config/schema/schema.ts';
import { ConfigError } from './config/validate/faults.ts';
import { logWarnings, withoutListenerWarnings } from './config/warnings/warnings.ts';
import { createIdleConnections } from './edge/idle-connections.ts';
import { inTurn } from './edge/in-turn.ts';
import { createGateway as createInnerGateway, type Gateway as InnerGateway } from './gateway/gateway.ts';
import { createMetrics } from './observe/metrics/metrics.ts';
import { openLogs } from './observe/open-logs.ts';
import { createDrain, type DrainedRequests } from './server/drain.ts';
import { openStore } from './store/open.ts';

export type { Loaded } from './config/load/load.ts';
export type { Config, ConfigInput } from './config/schema/schema.ts';
export type { Fault } from './config/validate/faults.ts';
export { ConfigError };

export interface LoadOptions {
  /** The source of `${NAME}`, `BFF_...` and `{ env: NAME }`. Default: the environment of the process. */
  env?: Readonly<Record<string, string | undefined>>;
}

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
   * Closes everything, the session store last. If the server that the gateway is mounted on is given, it is drained first:
   * for `delay` milliseconds only readiness is off, then no new connections are accepted, and requests in progress are cut
   * after `limits.drainTimeout`.
   */
  close(server?: Server, delay?: number): Promise<void>;
}

/** Returns its argument: gives editors completion and type checks for a configuration in a file of its own. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

const readFile = (path: string) => readFileSync(path, 'utf8');

/** Reads and checks a YAML file. Throws `ConfigError` with all faults, each with its line. */
export function loadConfig(file: string, { env = process.env }: LoadOptions = {}): Loaded {
  return loadFile({ file, env, readFile });
}

function load(source: string | ConfigInput | Loaded, options: LoadOptions): Loaded {
  if (typeof source === 'string') return loadConfig(source, options);
  if ('warnings' in source) return source;
  return loadObject(source, { env: options.env ?? process.env, readFile });
}

/** Refuses options that have no effect on a mounted gateway. */
function assertMountable(config: Config): void {
  const hint = 'Run the gateway as a process of its own, or remove this option.';
  const faults = [
    ...(config.forwardAuth ? [{ path: 'forwardAuth', message: 'a mounted gateway has no listener for it', hint }] : []),
    ...(config.reload.watch
      ? [{ path: 'reload.watch', message: 'a mounted gateway is created by its app and cannot reload', hint }]
      : []),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
}

/** Time for the Close frames of WebSockets that are cut. */
const CUT_DELAY_MS = 100;

/** Drains a server that the gateway is mounted on; `upgraded` are the sockets that Node no longer counts as its connections. */
async function drainServer(
  server: Server,
  upgraded: ReadonlySet<Duplex>,
  requests: DrainedRequests,
  delay: number,
  timeout: number,
): Promise<void> {
  const timer = setTimeout(
    () => {
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
    },
    delay + timeout + CUT_DELAY_MS,
  );
  await createDrain(server).run(sleep(delay), timeout, requests);
  clearTimeout(timer);
}

/** Passes a request on. Express removes the mount path from `url`, but routes and endpoints are complete paths. */
function handleMounted(gateway: InnerGateway, watch: (socket: Socket) => void): Gateway['handler'] {
  return inTurn((req, res, next?: (error?: unknown) => void) => {
    watch(req.socket);
    if (!next) return gateway.handle(req, res);
    const mountedUrl = req.url;
    if ('originalUrl' in req && typeof req.originalUrl === 'string') req.url = req.originalUrl;
    gateway.handle(req, res, () => {
      if (mountedUrl !== undefined) req.url = mountedUrl;
      next();
    });
  });
}

/**
 * Creates a gateway from a YAML file, an object, or the result of `loadConfig`. It opens no listeners, so `listen` and the
 * addresses of `admin` have no effect. Throws `ConfigError` when the configuration is invalid.
 */
export function createGateway(source: string | ConfigInput | Loaded, options: GatewayOptions = {}): Gateway {
  const { config, warnings } = load(source, options);
  assertMountable(config);
  const { log, auditLog, watchDropped } = openLogs(config, options.logTo);
  logWarnings(log, withoutListenerWarnings(warnings));
  const store = openStore(config.session.store, { log });
  const metrics = createMetrics();
  watchDropped(metrics.countDroppedLogLine);
  const gateway = createInnerGateway(config, { store, log, auditLog, metrics });
  const upgraded = new Set<Duplex>();
  const idle = createIdleConnections();
  let closing: Promise<void> | undefined;
  const draining = () => closing !== undefined;
  const admin = createAdminServer({ config, gateway: () => gateway, log, metrics, draining });

  async function close(server: Server | undefined, delay: number): Promise<void> {
    if (server) await drainServer(server, upgraded, gateway, delay, config.limits.drainTimeout);
    idle.stop();
    await gateway.close();
    await store.close();
  }

  return {
    handler: handleMounted(gateway, idle.watch),
    upgrade(req, socket, head, next) {
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      gateway.upgrade(req, socket, head, next);
    },
    admin(req, res) {
      idle.watch(req.socket);
      admin.emit('request', req, res);
    },
    start: () => gateway.start(),
    notReady: () => gateway.notReady(),
    close(server, delay = 0) {
      closing ??= close(server, delay);
      return closing;
    },
  };
}
