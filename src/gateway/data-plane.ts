/** The data plane: handles a request that matches a route, from the first check to the last byte. */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../base/errors.ts';
import { hasUpstream } from '../config/schema/asked-routes.ts';
import type { RequestContext } from '../edge/request-context.ts';
import type { CallerLimits } from '../limits/caller-limits.ts';
import { createUpstreamProofs } from '../oidc/dpop/upstream-proofs.ts';
import { createCors, isPreflight } from '../policy/cors.ts';
import { type Admit, createAdmit } from '../proxy/admission/admit.ts';
import { limitAdmission } from '../proxy/admission/limited-admit.ts';
import { traceAdmission } from '../proxy/admission/traced-admit.ts';
import { createVerify, type ForwardedHeaders } from '../proxy/forward-auth/verify.ts';
import { prepareRoutes } from '../proxy/forwarding/prepare-request.ts';
import { type CallHookParts, prepareWithHooks } from '../proxy/hooks/prepare-with-hooks.ts';
import { prepareWithLimits } from '../proxy/hooks/prepare-with-limits.ts';
import { createSignInAfter } from '../proxy/pages/sign-in-redirect.ts';
import { prepareWithChanges } from '../proxy/transform/prepare-with-changes.ts';
import { createUpgrade, type Tunnel } from '../proxy/websocket/upgrade.ts';
import { ownPathTestOf } from '../routing/own-paths.ts';
import type { CompiledRoute, RouteTable } from '../routing/routes.ts';
import type { RequestTarget } from '../routing/target.ts';
import type { Arrivals } from '../session/arrivals.ts';
import { createForgeryCheck, createRouteHandler, type RouteHandlerParts } from './route-handler.ts';

export interface DataPlaneParts extends RouteHandlerParts {
  routes: RouteTable;
  tunnel: Tunnel;
  arrivals: Pick<Arrivals, 'isRecent'>;
  hooks?: CallHookParts['hooks'];
  /** Undefined if no route has limits. */
  limits?: CallerLimits | undefined;
}

export interface DataPlane {
  /**
   * The route of a target; undefined when the target belongs to the control plane. Throws `ambiguous_path`, and `not_found` for
   * a route that only the front proxy serves.
   */
  match(target: RequestTarget): CompiledRoute | undefined;
  /** Sends the response, or rejects with a GatewayError while nothing has been sent. */
  handle(context: RequestContext, res: ServerResponse, route: CompiledRoute): Promise<void>;
  /** Opens the tunnel, or rejects with a GatewayError while nothing has been sent. */
  upgrade(context: RequestContext, socket: Duplex, head: Buffer, route: CompiledRoute): Promise<void>;
  /** The headers that identify the caller, for a proxy that forwards requests itself; or rejects with a GatewayError. */
  verify(context: RequestContext, origin: string): Promise<ForwardedHeaders>;
}

/** Creates the steps of a request, with the limits of its route around them. */
function createSteps(parts: DataPlaneParts) {
  const { config, routes, limits } = parts;
  const proofs = createUpstreamProofs(parts.clock);
  const prepare = prepareRoutes(config, routes.routes, parts.upstreamTokens, proofs);
  const prepared = prepareWithHooks(parts, prepareWithChanges(config, routes.routes, prepare));
  const admit = createAdmit(parts);
  return {
    prepareFor: prepareWithLimits(limits, routes.routes, prepared),
    admit: traceAdmission(limitAdmission(admit, limits, true)),
    // The end of a request that the front proxy forwards is not known here.
    admitAsked: traceAdmission(limitAdmission(admit, limits, false)),
    checkForgery: createForgeryCheck(config),
  };
}

/** Creates the data plane over the route table. */
export function createDataPlane(parts: DataPlaneParts): DataPlane {
  const { config, routes, tunnel, audit, limits } = parts;
  const cors = createCors(config.cors.allowedOrigins);
  const { admit, admitAsked, prepareFor, checkForgery } = createSteps(parts);
  const handleRoute = releaseAfter(limits, createRouteHandler(parts, { admit, prepareFor, checkForgery }));
  const isOwnPath = ownPathTestOf(config);
  const match = (target: RequestTarget, origin?: string) =>
    isOwnPath?.(target) ? undefined : routes.match(target, origin)?.route;
  const signInAfter = createSignInAfter(config, parts.arrivals);
  const askedAdmit = countAdmitted(parts, admitAsked);
  const verify = createVerify({ config, match, admit: askedAdmit, checkForgery, signInAfter, prepareFor, audit });

  return {
    match(target) {
      const route = match(target);
      if (route && !hasUpstream(route.config))
        throw new GatewayError('not_found', { detail: `only the front proxy serves ${route.pattern}` });
      return route;
    },
    handle(context, res, route) {
      const { method = '', headers } = context.req;
      if (route.config.cors === 'upstream') return handleRoute(context, res, route, {});
      if (isPreflight(method, headers)) {
        res.writeHead(204, { ...cors.preflightHeaders(headers), 'x-request-id': context.id }).end();
        return Promise.resolve();
      }
      return handleRoute(context, res, route, cors.corsHeaders(headers.origin));
    },
    upgrade: releaseAfter(limits, createUpgrade({ config, admit: countAdmitted(parts, admit), prepareFor, tunnel })),
    verify: (context, origin) =>
      verify(context, origin).catch((error: unknown) => {
        countRefusal(parts, context, origin, error);
        throw error;
      }),
  };
}

/** The same admission, which counts what it allows. */
function countAdmitted({ meterOf }: DataPlaneParts, admit: Admit): Admit {
  return async (context, route, check) => {
    const admission = await admit(context, route, check);
    meterOf?.(route).countAllowed();
    if (context.access) context.access.allowed = true;
    return admission;
  };
}

/** The same handler, after which a request no longer counts as one in progress. */
function releaseAfter<Rest extends unknown[]>(
  limits: CallerLimits | undefined,
  handle: (context: RequestContext, ...rest: Rest) => Promise<void>,
): (context: RequestContext, ...rest: Rest) => Promise<void> {
  if (!limits) return handle;
  return (context, ...rest) => handle(context, ...rest).finally(() => limits.release(context));
}

/** Counts a refused verification for its route; an ambiguous path has no route. */
function countRefusal(
  { routes, meterOf }: DataPlaneParts,
  { target }: RequestContext,
  origin: string,
  error: unknown,
): void {
  if (!(error instanceof GatewayError) || error.code === 'ambiguous_path') return;
  const route = routes.match(target, origin)?.route;
  if (route) meterOf?.(route).countError(error.code);
}
