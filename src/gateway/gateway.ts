/** Puts the gateway together: edge first, then data plane or control plane, and one place where errors are answered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createHealth, type PartHealth } from '../admin/health.ts';
import { type AdminSessions, createAdminSessions } from '../admin/sessions.ts';
import { GatewayError } from '../base/errors.ts';
import { ownEndpoints } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import { assertBodyUnread, createEdge } from '../edge/edge.ts';
import { discardRest, limitBody } from '../edge/request-body.ts';
import type { RequestContext } from '../edge/request-context.ts';
import { attachContext } from '../endpoints/common/context.ts';
import { createDevServer } from '../frontend/dev-server.ts';
import type { ForwardedHeaders } from '../proxy/forward-auth/verify.ts';
import { asGatewayError, logProblem, renderError } from '../responses/problem.ts';
import { answerOnSocket } from '../responses/socket-answer.ts';
import type { CompiledRoute } from '../routing/routes.ts';
import { composePlanes, type GatewayDeps } from './composition.ts';

export type { GatewayDeps } from './composition.ts';

export interface Gateway {
  /** Answers a request. `next`, when given, gets what is nobody's here: no route, no endpoint, and no front end configured. */
  handle(req: IncomingMessage, res: ServerResponse, next?: () => void): void;
  /** The same for an upgrade. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, next?: () => void): void;
  /** Why this instance should get no traffic; empty when it is ready. */
  notReady(): Promise<string[]>;
  /** Each part that this instance depends on; it should get traffic while all are ready. */
  health(): Promise<PartHealth[]>;
  /** Calls and conversations under way. */
  active(): number;
  /** Whether the first attempt to discover the provider is over, whatever came of it. */
  started(): boolean;
  /** Sessions for the private listener. */
  readonly adminSessions: AdminSessions;
  /** What a front proxy may send on of a call that it asks about; rejects as a proxied call would be refused. */
  verify(context: RequestContext): Promise<ForwardedHeaders>;
  /** Begins discovery; resolves after the first attempt. */
  start(): Promise<void>;
  /** Stops timers and cuts upstream connections. The store stays open: it belongs to the caller. */
  close(): Promise<void>;
}

/** Builds a gateway from a parsed configuration. */
export function createGateway(config: Config, deps: GatewayDeps): Gateway {
  const planes = composePlanes(config, deps);
  const {
    app,
    dataPlane,
    provider,
    services,
    refresher,
    revoker,
    streams,
    forwarder,
    pages,
    metrics,
    meterOf,
    tracer,
  } = planes;
  const unwatch = metrics.watchOpenRequests(() => streams.size());
  const health = createHealth({ provider: provider.state, ping: deps.store.ping, metrics });
  let started = false;
  let active = 0;
  const adminSessions = createAdminSessions({ config, ...planes });
  const edge = createEdge({ config, log: deps.log });
  const devServer =
    config.frontend?.devServer === undefined ? undefined : createDevServer(config, config.frontend.devServer);
  const { loginUrl, isOwn, nameOf } = ownEndpoints(config);
  const { bodyTimeout } = config.limits;
  const hsts = config.publicUrl.startsWith('https:');

  const statusOf = (res: ServerResponse) => (res.headersSent ? res.statusCode : 0);

  function fail(req: IncomingMessage, res: ServerResponse, thrown: unknown, mayBePage: boolean): GatewayError {
    const error = asGatewayError(thrown);
    const { id: requestId, log } = edge.arrive(req);
    logProblem(log, error);
    const asPage = mayBePage && /text\/html/i.test(req.headers.accept ?? '');
    metrics.countError(error.code);
    renderError(res, error, { requestId, pages, asPage, loginUrl, hsts });
    return error;
  }

  function control(context: RequestContext, res: ServerResponse, next?: () => void): void {
    const { req } = context;
    if (next && !config.frontend && !isOwn(context.target.path)) return void next();
    assertBodyUnread(req);
    const name = nameOf(context.target.path);
    active += 1;
    res.once('close', () => {
      active -= 1;
      metrics.countResponse(name, req.method, statusOf(res));
    });
    const refuse = limitBody(req, res, bodyTimeout, (error) => void fail(req, res, error, true));
    if (devServer && !isOwn(context.target.path)) {
      devServer.handle(context, res).catch(refuse);
      return;
    }
    if (req.headers.expect !== undefined) res.writeContinue();
    attachContext(context);
    // Express sees the target that was judged, never an absolute form.
    req.url = context.target.raw;
    app(req as Parameters<typeof app>[0], res as Parameters<typeof app>[1], refuse);
  }

  /** A call of a route, counted when it is over. */
  function call(context: RequestContext, res: ServerResponse, route: CompiledRoute): void {
    const { req } = context;
    const meter = meterOf(route);
    const endSpan = tracer?.startSpan(context, route.pattern);
    const over = () => {
      // Refused requests and preflights are answered before their body is read.
      discardRest(req, bodyTimeout);
      active -= 1;
      meter.countResponse(req.method, statusOf(res));
      endSpan?.(statusOf(res));
    };
    active += 1;
    dataPlane.handle(context, res, route).then(over, (error: unknown) => {
      meter.countError(fail(req, res, error, false).code);
      over();
    });
  }

  /** Counted until it is over. */
  function converse(conversation: Promise<void>): Promise<void> {
    active += 1;
    return conversation.finally(() => {
      active -= 1;
    });
  }

  return {
    handle(req, res, next) {
      try {
        const context = edge(req);
        const route = dataPlane.match(context.target);
        if (!route) return control(context, res, next);
        assertBodyUnread(req);
        call(context, res, route);
      } catch (error) {
        fail(req, res, error, true);
        discardRest(req, bodyTimeout);
        metrics.countResponse('none', req.method, statusOf(res));
      }
    },
    upgrade(req, socket, head, next) {
      socket.on('error', () => socket.destroy());
      const refuse = (error: unknown, route?: CompiledRoute) => {
        const { id, log } = edge.arrive(req);
        const problem = asGatewayError(error);
        logProblem(log, problem);
        metrics.countError(problem.code);
        if (route) meterOf(route).countError(problem.code);
        answerOnSocket(socket, problem, id);
      };
      try {
        const context = edge(req);
        const route = dataPlane.match(context.target);
        if (route) tracer?.startSpan(context, route.pattern);
        if (route) converse(dataPlane.upgrade(context, socket, head, route)).catch((error) => refuse(error, route));
        else if (devServer) converse(devServer.upgrade(context, socket, head)).catch(refuse);
        else if (next) next();
        else refuse(new GatewayError('upgrade_refused'));
      } catch (error) {
        refuse(error);
      }
    },
    adminSessions,
    verify: (context) => dataPlane.verify(context),
    async notReady() {
      return (await health()).flatMap((part) => (part.ready ? [] : [`${part.part}: ${part.reason}`]));
    },
    health,
    started: () => started,
    active: () => active,
    async start() {
      services.start();
      revoker.start();
      await provider.start();
      started = true;
    },
    async close() {
      provider.stop();
      services.stop();
      revoker.stop();
      streams.close();
      unwatch();
      await tracer?.close();
      await forwarder.close();
      await refresher.close();
    },
  };
}
