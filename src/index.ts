/** The package as a Node developer uses it: a gateway that is mounted in an app, and the configuration that it takes. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdminServer } from './admin/admin.ts';
import { type Loaded, loadFile, parseConfig } from './config/load/load.ts';
import type { Config, ConfigInput } from './config/schema/schema.ts';
import { ConfigError } from './config/validate/faults.ts';
import { securityWarnings } from './config/validate/validate.ts';
import { createGateway as compose } from './gateway/gateway.ts';
import { openLogs } from './observe/logs.ts';
import { createMetrics } from './observe/metrics/metrics.ts';
import { createDrain } from './server/drain.ts';
import { openStore } from './store/open.ts';

export type { Loaded } from './config/load/load.ts';
export type { Config, ConfigInput } from './config/schema/schema.ts';
export type { Fault } from './config/validate/faults.ts';
export { ConfigError };

export interface LoadOptions {
  /** Where `${NAME}`, `BFF_...` and `{ env: NAME }` look; the environment of the process when left out. */
  env?: Readonly<Record<string, string | undefined>>;
}

export interface GatewayOptions extends LoadOptions {
  /** Where log lines go, one JSON object each; standard output when left out. */
  logTo?: { write(line: string): void };
}

export interface Gateway {
  /**
   * Answers a request: `app.use(gateway.handler)` before any body parser, or the listener of a `node:http` server.
   * `next` is called for what is no route, no endpoint and no front end of the gateway.
   */
  handler(req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void;
  /** Answers a WebSocket handshake: `server.on('upgrade', gateway.upgrade)`. Without `next`, what is no route is refused. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, next?: () => void): void;
  /** Liveness, readiness, metrics and sessions, for a server of your own that only operators reach. */
  admin(req: IncomingMessage, res: ServerResponse): void;
  /** Finds the provider. Resolves after the first attempt; until one has succeeded, calls that need it get 503. */
  start(): Promise<void>;
  /** Why this instance should get no traffic; empty when it is ready. */
  notReady(): Promise<string[]>;
  /**
   * Stops everything, the session store last. The server that it is mounted on, when given, is drained first: for `delay`
   * milliseconds only readiness is off, then no new connections, running calls end, what is left after
   * `limits.drainTimeout` is cut.
   */
  close(server?: Server, delay?: number): Promise<void>;
}

/** Completion and checks for a configuration in a file of its own; returns what it is given. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

const readFile = (path: string) => readFileSync(path, 'utf8');

/** Reads and checks a YAML file. Throws `ConfigError` with every fault at once, each with its line. */
export function loadConfig(file: string, { env = process.env }: LoadOptions = {}): Loaded {
  return loadFile({ file, env, readFile });
}

function load(source: string | ConfigInput | Loaded, options: LoadOptions): Loaded {
  if (typeof source === 'string') return loadConfig(source, options);
  if ('warnings' in source) return source;
  const config = parseConfig(source, { env: options.env ?? process.env, readFile });
  return { config, warnings: securityWarnings(config) };
}

/** An option that cannot take effect stops the start, here as everywhere. */
function refuseWithoutEffect(config: Config): void {
  const hint = 'Run the gateway by itself, or leave this option out.';
  const faults = [
    ...(config.forwardAuth ? [{ path: 'forwardAuth', message: 'a mounted gateway has no listener for it', hint }] : []),
    ...(config.reload.watch
      ? [{ path: 'reload.watch', message: 'a mounted gateway is built anew by its app', hint }]
      : []),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
}

/**
 * Builds a gateway from a YAML file, an object, or what `loadConfig` returned. It listens nowhere by itself, so `listen` and
 * the addresses of `admin` have no meaning here. Throws `ConfigError` when the configuration cannot be used.
 */
export function createGateway(source: string | ConfigInput | Loaded, options: GatewayOptions = {}): Gateway {
  const { config, warnings } = load(source, options);
  refuseWithoutEffect(config);
  const { log, auditLog } = openLogs(config, options.logTo);
  for (const warning of warnings) log.warn({ unsafe: true }, warning);
  const store = openStore(config.session.store, { log });
  const metrics = createMetrics();
  const gateway = compose(config, { store, log, auditLog, metrics });
  const upgraded = new Set<Duplex>();
  let closing: Promise<void> | undefined;
  const admin = createAdminServer({
    config,
    gateway: () => gateway,
    log,
    metrics,
    draining: () => closing !== undefined,
  });

  async function drain(server: Server, delay: number): Promise<void> {
    const { drainTimeout } = config.limits;
    const late = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
    }, delay + drainTimeout);
    await createDrain(server).run(delay, drainTimeout);
    clearTimeout(late);
  }

  async function stop(server: Server | undefined, delay: number): Promise<void> {
    if (server) await drain(server, delay);
    await gateway.close();
    await store.close();
  }

  return {
    handler(req, res, next) {
      if (!next) return gateway.handle(req, res);
      const given = req.url;
      // Express cuts off what it was mounted at; routes and endpoints are whole paths, and the same path is judged and forwarded.
      if ('originalUrl' in req && typeof req.originalUrl === 'string') req.url = req.originalUrl;
      gateway.handle(req, res, () => {
        if (given !== undefined) req.url = given;
        next();
      });
    },
    upgrade(req, socket, head, next) {
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      gateway.upgrade(req, socket, head, next);
    },
    admin: (req, res) => void admin.emit('request', req, res),
    start: () => gateway.start(),
    notReady: () => gateway.notReady(),
    close(server, delay = 0) {
      closing ??= stop(server, delay);
      return closing;
    },
  };
}
