/** Dispatches the requests and upgrades of one app: to a route, an endpoint, the front end, or the next handler. */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { GatewayError } from '../base/errors.ts';
import { ownEndpoints } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import { assertBodyUnread } from '../edge/edge.ts';
import { discardRest, limitBody } from '../edge/request-body.ts';
import type { RequestContext } from '../edge/request-context.ts';
import { limitUnread } from '../edge/unread-response.ts';
import { attachContext } from '../endpoints/common/context.ts';
import type { DevServer } from '../frontend/dev-server.ts';
import type { PageSteps } from '../proxy/pages/page-steps.ts';
import type { CompiledRoute } from '../routing/routes.ts';
import { nameRequestSpan } from '../tracing/request-span.ts';
import type { DataPlane } from './data-plane.ts';
import type { FailureResponder } from './failures.ts';
import type { RequestCounter } from './request-counter.ts';

export interface DispatchParts {
  config: Config;
  dataPlane: DataPlane;
  controlPlane: Express;
  devServer?: DevServer | undefined;
  counter: RequestCounter;
  failures: FailureResponder;
  pageSteps: PageSteps;
}

/** Handles a request. `next` gets what matches no route and no endpoint, if no front end is configured. */
export type HandleRequest = (context: RequestContext, res: ServerResponse, next?: () => void) => void;

/** Handles an upgrade. `next` gets what matches no route, if no development server is configured. */
export type HandleUpgrade = (context: RequestContext, socket: Duplex, head: Buffer, next?: () => void) => void;

/** Creates the function that hands requests to endpoints and the front end. */
function createControlDispatch({ config, controlPlane, devServer, counter, failures }: DispatchParts) {
  const { isOwn, nameOf } = ownEndpoints(config);
  const { bodyTimeout, sendTimeout } = config.limits;

  return function toControlPlane(context: RequestContext, res: ServerResponse, next?: () => void): void {
    const { req, target } = context;
    if (next && !config.frontend && !isOwn(target.path)) return void next();
    assertBodyUnread(req);
    counter.countEndpoint(context, res, nameOf(target.path));
    limitUnread(res, sendTimeout);
    const fail = limitBody(req, res, bodyTimeout, (error) => void failures.respond(req, res, error, true));
    if (devServer && !isOwn(target.path)) {
      devServer.handle(context, res).catch(fail);
      return;
    }
    if (req.headers.expect !== undefined) res.writeContinue();
    attachContext(context);
    // Express gets the target that the edge checked, never an absolute form.
    req.url = target.raw;
    controlPlane(req as Parameters<Express>[0], res as Parameters<Express>[1], fail);
  };
}

/** Creates the function that hands requests to their route. */
function createRouteDispatch({ config, dataPlane, counter, failures, pageSteps }: DispatchParts) {
  const { bodyTimeout } = config.limits;

  return function toRoute(context: RequestContext, res: ServerResponse, route: CompiledRoute): void {
    const { req } = context;
    assertBodyUnread(req);
    const endCount = counter.beginRouted(context, res, route);
    const end = () => {
      // Preflights and refused requests get their response before the body was read.
      discardRest(req, bodyTimeout);
      endCount();
    };
    if (pageSteps.signOut(context, res, route)) {
      end();
      return;
    }
    dataPlane.handle(context, res, route).then(end, (thrown: unknown) => {
      const refusal = pageSteps.afterRefusal(context, res, route, thrown);
      if (refusal) {
        const { error, isPage, signInUrl } = refusal;
        counter.countRefusal(route, failures.respond(req, res, error, isPage, signInUrl).code);
      }
      end();
    });
  };
}

/** Creates the function that handles the requests of the app. */
export function createRequestDispatch(parts: DispatchParts): HandleRequest {
  const { dataPlane, failures } = parts;
  const toControlPlane = createControlDispatch(parts);
  const toRoute = createRouteDispatch(parts);

  return function handleRequest(context, res, next) {
    try {
      const route = dataPlane.match(context.target);
      if (route) toRoute(context, res, route);
      else toControlPlane(context, res, next);
    } catch (error) {
      failures.respondUnmatched(context.req, res, error);
    }
  };
}

/** Creates the function that handles the upgrades of the app. */
export function createUpgradeDispatch(parts: DispatchParts): HandleUpgrade {
  const { dataPlane, devServer, counter, failures } = parts;

  return function handleUpgrade(context, socket, head, next) {
    const refuse = (thrown: unknown, route?: CompiledRoute) => {
      const { code } = failures.respondOnSocket(context.req, socket, thrown);
      if (route) counter.countRefusal(route, code);
    };
    const open = (tunnel: Promise<void>, route?: CompiledRoute) =>
      counter
        .countTunnel(tunnel)
        .catch((error) => refuse(error, route))
        .finally(() => context.span?.end());
    try {
      const route = dataPlane.match(context.target);
      if (route) {
        nameRequestSpan(context, route.pattern);
        context.access?.atRoute(route.pattern);
        void open(dataPlane.upgrade(context, socket, head, route), route);
      } else if (devServer) void open(devServer.upgrade(context, socket, head));
      else if (next) next();
      else refuse(new GatewayError('upgrade_refused'));
    } catch (error) {
      refuse(error);
    }
  };
}
