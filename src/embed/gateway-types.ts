/** The gateway as an application that mounts it sees it. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ReloadResult } from '../config/load/reload-plan.ts';
import type { AccessTokenOptions, Middleware, RequireUserOptions, Session } from './caller-types.ts';
import type { HookOptions } from './hooks.ts';
import type { ConfigSource, LoadOptions } from './load.ts';

export interface GatewayOptions extends LoadOptions, HookOptions {
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
   * The session of a request to a handler of your own; undefined without a valid one. It neither checks where the request comes
   * from nor any rule: that is what `requireUser` is for.
   */
  session(req: IncomingMessage): Promise<Session | undefined>;
  /** The access token of the session of a request, as `session.accessToken`; undefined without a session. */
  accessToken(req: IncomingMessage, options?: AccessTokenOptions): Promise<string | undefined>;
  /**
   * Middleware for handlers of your own: lets signed-in users in who meet the conditions of a rule, and checks where the request
   * comes from as routes do. Throws `ConfigError` for conditions that the configuration does not allow.
   */
  requireUser(options?: RequireUserOptions): Middleware;
  /**
   * Closes everything, the session store last. If the server that the gateway is mounted on is given, it is drained first:
   * for `delay` milliseconds only readiness is off, then no new connections are accepted, and requests in progress are cut
   * after `limits.drainTimeout`.
   */
  close(server?: Server, delay?: number): Promise<void>;
}
