/** Puts the gateway together: edge first, then data plane or control plane, and one place where errors are answered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type AdminSessions, createAdminSessions } from './admin-sessions.ts';
import { endpointPaths, protectedResource } from './config/endpoints.ts';
import type { Config } from './config/schema.ts';
import { createEdge } from './edge/edge.ts';
import type { Exchange } from './edge/exchange.ts';
import { attachExchange } from './endpoints/context.ts';
import { GatewayError } from './errors.ts';
import { createPlanes, type GatewayDeps } from './planes.ts';
import { asGatewayError, logProblem, renderError } from './problem.ts';
import { createDevServer } from './proxy/dev-server.ts';
import { answerOnSocket } from './proxy/socket-answer.ts';
import type { ForwardedHeaders } from './proxy/verify.ts';

export type { GatewayDeps } from './planes.ts';

export interface Gateway {
  /** Answers a request. `next`, when given, gets what is nobody's here: no route, no endpoint, and no front end configured. */
  handle(req: IncomingMessage, res: ServerResponse, next?: () => void): void;
  /** The same for an upgrade. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, next?: () => void): void;
  /** Why this instance should get no traffic; empty when it is ready. */
  notReady(): Promise<string[]>;
  /** Sessions for the private listener. */
  readonly adminSessions: AdminSessions;
  /** What a front proxy may send on of a call that it asks about; rejects as a proxied call would be refused. */
  verify(exchange: Exchange): Promise<ForwardedHeaders>;
  /** Begins discovery; resolves after the first attempt. */
  start(): Promise<void>;
  /** Stops timers and cuts upstream connections. The store stays open: it belongs to the caller. */
  close(): Promise<void>;
}

/** Bodies are streamed, so whoever mounts the gateway behind a parser of bodies has nothing left to send on. */
function requireUnread(req: IncomingMessage): void {
  if (!req.readableDidRead) return;
  const detail = 'the body was read before the gateway got the request: mount the gateway before any body parser';
  throw new GatewayError('internal', { detail });
}

/** Builds a gateway from a parsed configuration. */
export function createGateway(config: Config, deps: GatewayDeps): Gateway {
  const planes = createPlanes(config, deps);
  const { app, dataPlane, provider, services, revoker, streams, forwarder, pages } = planes;
  const adminSessions = createAdminSessions({ config, ...planes });
  const edge = createEdge({ config, log: deps.log });
  const devServer =
    config.frontend?.devServer === undefined ? undefined : createDevServer(config, config.frontend.devServer);
  const { login: loginUrl, ...own } = endpointPaths(config.endpoints);
  const ownPaths = new Set<string>([loginUrl, ...Object.values(own), protectedResource(config).metadataPath]);
  const isOwn = (path: string) => ownPaths.has(path) || path.startsWith(`${own.sessions}/`);
  const hsts = config.publicUrl.startsWith('https:');

  function fail(req: IncomingMessage, res: ServerResponse, thrown: unknown, mayBePage: boolean): void {
    const error = asGatewayError(thrown);
    const { id: requestId, log } = edge.arrive(req);
    logProblem(log, error);
    const asPage = mayBePage && /text\/html/i.test(req.headers.accept ?? '');
    renderError(res, error, { requestId, pages, asPage, loginUrl, hsts });
  }

  function control(exchange: Exchange, res: ServerResponse, next?: () => void): void {
    const { req } = exchange;
    if (next && !config.frontend && !isOwn(exchange.target.path)) return void next();
    requireUnread(req);
    if (devServer && !isOwn(exchange.target.path)) {
      devServer.handle(exchange, res).catch((error: unknown) => fail(req, res, error, true));
      return;
    }
    if (req.headers.expect !== undefined) res.writeContinue();
    attachExchange(exchange);
    // Express sees the target that was judged, never an absolute form.
    req.url = exchange.target.raw;
    app(req as Parameters<typeof app>[0], res as Parameters<typeof app>[1], (error?: unknown) =>
      fail(req, res, error, true),
    );
  }

  return {
    handle(req, res, next) {
      try {
        const exchange = edge(req);
        const route = dataPlane.match(exchange.target);
        if (!route) return control(exchange, res, next);
        requireUnread(req);
        dataPlane.handle(exchange, res, route).catch((error: unknown) => fail(req, res, error, false));
      } catch (error) {
        fail(req, res, error, true);
      }
    },
    upgrade(req, socket, head, next) {
      socket.on('error', () => socket.destroy());
      const refuse = (error: unknown) => {
        const { id, log } = edge.arrive(req);
        const problem = asGatewayError(error);
        logProblem(log, problem);
        answerOnSocket(socket, problem, id);
      };
      try {
        const exchange = edge(req);
        const route = dataPlane.match(exchange.target);
        if (route) dataPlane.upgrade(exchange, socket, head, route).catch(refuse);
        else if (devServer) devServer.upgrade(exchange, socket, head).catch(refuse);
        else if (next) next();
        else refuse(new GatewayError('upgrade_refused'));
      } catch (error) {
        refuse(error);
      }
    },
    adminSessions,
    verify: (exchange) => dataPlane.verify(exchange),
    async notReady() {
      const state = provider.state();
      const reasons = state.ready ? [] : [`provider: ${state.reason}`];
      await deps.store.ping().catch(() => reasons.push('store: does not answer'));
      return reasons;
    },
    async start() {
      services.start();
      revoker.start();
      await provider.start();
    },
    async close() {
      provider.stop();
      services.stop();
      revoker.stop();
      streams.close();
      await forwarder.close();
    },
  };
}
