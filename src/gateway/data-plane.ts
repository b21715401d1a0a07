/** The data plane: what happens to a request that matches a configured route, from first check to last byte. */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import type { RequestContext } from '../edge/request-context.ts';
import type { RouteMeter } from '../observe/metrics/metrics.ts';
import { createUpstreamProofs } from '../oidc/dpop/upstream-proofs.ts';
import type { ForceRefresh } from '../oidc/refresh/refresh-result.ts';
import type { UpstreamTokens } from '../oidc/tokens/upstream-tokens.ts';
import { type CorsHeaders, createCors, isPreflight } from '../policy/cors.ts';
import { checkCsrf } from '../policy/csrf.ts';
import { type AdmissionParts, type Admit, createAdmit, type ForgeryCheck } from '../proxy/admission/admit.ts';
import { createVerify, type ForwardedHeaders } from '../proxy/forward-auth/verify.ts';
import type { Forwarder } from '../proxy/forwarding/forward.ts';
import type { ForwardOptions } from '../proxy/forwarding/forward-options.ts';
import { prepareRoutes } from '../proxy/prepare/prepare.ts';
import { createUpgrade, type Tunnel } from '../proxy/websocket/upgrade.ts';
import type { CompiledRoute, RouteTable } from '../routing/routes.ts';
import type { RequestTarget } from '../routing/target.ts';
import type { RequestSession } from '../session/session-types.ts';
import { isPromise } from '../tuning/maybe-promise.ts';

export interface DataPlaneParts extends AdmissionParts {
  routes: RouteTable;
  forwarder: Pick<Forwarder, 'forward'>;
  tunnel: Tunnel;
  /** What counts the calls of a route. */
  meterOf?: ((route: CompiledRoute) => RouteMeter) | undefined;
  forceRefresh: ForceRefresh;
  /** Where a route asks for tokens of its upstream's own. */
  upstreamTokens?: UpstreamTokens | undefined;
}

export interface DataPlane {
  /** The route of a target; undefined when it belongs to the control plane. Throws `ambiguous_path`. */
  match(target: RequestTarget): CompiledRoute | undefined;
  /** Answers the call, or rejects with a GatewayError while nothing has been sent. */
  handle(context: RequestContext, res: ServerResponse, route: CompiledRoute): Promise<void>;
  /** Opens the tunnel, or rejects with a GatewayError while nothing has been sent. */
  upgrade(context: RequestContext, socket: Duplex, head: Buffer, route: CompiledRoute): Promise<void>;
  /** The headers that say who calls, for a proxy that forwards by itself; or rejects with a GatewayError. */
  verify(context: RequestContext): Promise<ForwardedHeaders>;
}

/** Builds the data plane over the route table. */
export function createDataPlane(parts: DataPlaneParts): DataPlane {
  const { config, routes, forwarder, tunnel } = parts;
  const cors = createCors(config.cors.allowedOrigins);
  const preparedOf = prepareRoutes(config, routes.routes, parts.upstreamTokens, createUpstreamProofs(parts.clock));
  const admit = createAdmit(parts);
  const checkForgery = createForgeryCheck(config);
  const counted: Admit = async (context, route, check) => {
    const admission = await admit(context, route, check);
    parts.meterOf?.(route).countAllowed();
    return admission;
  };

  /** A path that is ambiguous is of no route. */
  function countRefusal({ target }: RequestContext, error: unknown): void {
    if (!(error instanceof GatewayError) || error.code === 'ambiguous_path') return;
    const route = routes.match(target)?.route;
    if (route) parts.meterOf?.(route).countError(error.code);
  }

  const verify = createVerify({ config, routes, admit: counted, checkForgery, preparedOf, audit: parts.audit });

  async function run(
    context: RequestContext,
    res: ServerResponse,
    route: CompiledRoute,
    cors: CorsHeaders,
  ): Promise<void> {
    try {
      const admission = await admit(context, route, checkForgery);
      parts.meterOf?.(route).countAllowed();
      if (answeredAsLastHop(context, res, route)) return;
      const prepared = preparedOf(route)(context, admission, { cors });
      const options = isPromise(prepared) ? await prepared : prepared;
      if (admission.kind === 'user' && route.config.upstreamToken === 'forward')
        options.retryWithNewToken = () => withAnotherToken(context, route, cors, admission.session);
      await forwarder.forward(context, res, route.config, options);
    } catch (error) {
      // A listed origin may read refusals as well; whoever renders the error keeps headers that are set.
      if (!res.headersSent) for (const [name, value] of Object.entries(cors)) res.setHeader(name, value);
      throw error;
    }
  }

  /** The upstream refused the session's token: the same steps again, if the session has got another one. */
  async function withAnotherToken(
    context: RequestContext,
    route: CompiledRoute,
    cors: CorsHeaders,
    session: RequestSession,
  ): Promise<ForwardOptions | undefined> {
    const { kind } = await parts.forceRefresh(session);
    if (kind === 'active') return undefined;
    return await preparedOf(route)(context, await admit(context, route, checkForgery), { cors });
  }

  return {
    match: (target) => routes.match(target)?.route,
    handle(context, res, route) {
      const { method = '', headers } = context.req;
      if (isPreflight(method, headers)) {
        res.writeHead(204, { ...cors.preflightHeaders(headers), 'x-request-id': context.id }).end();
        return Promise.resolve();
      }
      return run(context, res, route, cors.corsHeaders(headers.origin));
    },
    upgrade: createUpgrade({ config, admit: counted, preparedOf, tunnel }),
    async verify(context) {
      try {
        return await verify(context);
      } catch (error) {
        countRefusal(context, error);
        throw error;
      }
    },
  };
}

function createForgeryCheck(config: Config): ForgeryCheck {
  const { publicUrl: publicOrigin } = config;
  const { allowedOrigins } = config.cors;
  const headerName = config.csrf.header;
  return function checkForgery({ req }, route) {
    const { method = '', headers } = req;
    return checkCsrf({ method, headers, mode: route.config.csrf, headerName, publicOrigin, allowedOrigins });
  };
}

/** RFC 9110 section 7.6.2: an OPTIONS call whose hops are used up is answered by whoever has it. */
function answeredAsLastHop({ req, id }: RequestContext, res: ServerResponse, { config }: CompiledRoute): boolean {
  if (req.method !== 'OPTIONS' || req.headers['max-forwards'] !== '0') return false;
  const methods = config.rules.flatMap(
    (rule) => rule.methods ?? ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
  );
  res.writeHead(204, { allow: [...new Set(methods)].join(', '), 'x-request-id': id }).end();
  return true;
}
