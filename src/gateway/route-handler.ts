/** Handles a request to a route: admits it, prepares it, forwards it, and retries once with a refreshed token. */
import type { ServerResponse } from 'node:http';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import type { RequestContext } from '../edge/request-context.ts';
import type { RouteMeter } from '../observe/metrics/metrics.ts';
import type { ForceRefresh } from '../oidc/refresh/refresh-result.ts';
import type { UpstreamTokensByProvider } from '../oidc/tokens/upstream-tokens-by-provider.ts';
import type { CorsHeaders } from '../policy/cors.ts';
import { type CsrfOutcome, checkCsrf } from '../policy/csrf.ts';
import { checkPageCsrf } from '../policy/page-csrf.ts';
import type { AdmissionParts, Admit, ForgeryCheck } from '../proxy/admission/admit.ts';
import type { Forwarder } from '../proxy/forwarding/forward.ts';
import type { ForwardOptions } from '../proxy/forwarding/forward-options.ts';
import type { PrepareRequest } from '../proxy/forwarding/prepare-request.ts';
import type { CompiledRoute } from '../routing/routes.ts';
import type { RequestSession } from '../session/session-types.ts';
import { runInSpan } from '../tracing/current-span.ts';
import { isPromise } from '../tuning/maybe-promise.ts';

export interface RouteHandlerParts extends AdmissionParts {
  forwarder: Pick<Forwarder, 'forward'>;
  /** Counts the requests of a route. */
  meterOf?: ((route: CompiledRoute) => RouteMeter) | undefined;
  forceRefresh: ForceRefresh;
  /** Obtains tokens for routes whose upstream needs one of its own. */
  upstreamTokens?: UpstreamTokensByProvider | undefined;
}

interface RouteSteps {
  admit: Admit;
  prepareFor: (route: CompiledRoute) => PrepareRequest;
  checkForgery: ForgeryCheck;
}

const ALL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

type RouteHandler = (
  context: RequestContext,
  res: ServerResponse,
  route: CompiledRoute,
  cors: CorsHeaders,
) => Promise<void>;

export function createRouteHandler(parts: RouteHandlerParts, steps: RouteSteps): RouteHandler {
  const { forwarder, meterOf, forceRefresh } = parts;
  const { admit, prepareFor, checkForgery } = steps;

  /** Repeats the steps after the upstream rejected the session's token; undefined if the session has no other token. */
  async function withRefreshedToken(
    context: RequestContext,
    route: CompiledRoute,
    cors: CorsHeaders,
    session: RequestSession,
  ): Promise<ForwardOptions | undefined> {
    const { kind } = await forceRefresh(session);
    if (kind === 'active') return undefined;
    return await prepareFor(route)(context, await admit(context, route, checkForgery), { cors });
  }

  return async function handleRoute(context, res, route, cors) {
    try {
      const admission = await admit(context, route, checkForgery);
      meterOf?.(route).countAllowed();
      if (context.access) context.access.allowed = true;
      if (respondAsLastHop(context, res, route)) return;
      const prepared = prepareFor(route)(context, admission, { cors });
      const options = isPromise(prepared) ? await prepared : prepared;
      if (admission.kind === 'user' && route.config.upstreamToken === 'forward')
        options.retryWithNewToken = () =>
          // The response of the upstream arrives in the context of its connection.
          runInSpan(context.span, () => withRefreshedToken(context, route, cors, admission.session));
      await forwarder.forward(context, res, route.config, options);
    } catch (error) {
      // Listed origins may read refusals too; the error is rendered with the headers that are set here.
      if (!res.headersSent) for (const [name, value] of Object.entries(cors)) res.setHeader(name, value);
      throw error;
    }
  };
}

/** Creates the check that a request which a session cookie authenticates was made by the application itself. */
export function createForgeryCheck(config: Config) {
  const { allowedOrigins } = config.cors;
  const own = {
    headerName: config.csrf.header,
    strictCookie: config.session.cookie.sameSite === 'strict',
  };
  /** `publicOrigin` is the one that the request was sent to. */
  return function checkForgery(
    { req }: RequestContext,
    route: CompiledRoute,
    publicOrigin = config.publicUrl,
  ): CsrfOutcome {
    const { method = '', headers } = req;
    const { kind, crossSiteNavigation } = route.config;
    if (kind === 'page') {
      const outcome = checkPageCsrf({ method, headers, crossSiteNavigation, allowedOrigins, publicOrigin, ...own });
      if (outcome.kind === 'confirm') throw new GatewayError('navigation_unconfirmed');
      return outcome;
    }
    return checkCsrf({ method, headers, mode: route.config.csrf, allowedOrigins, publicOrigin, ...own });
  };
}

/** Responds to OPTIONS with `Max-Forwards: 0`, which must not be forwarded (RFC 9110 section 7.6.2). */
function respondAsLastHop({ req, id }: RequestContext, res: ServerResponse, { config }: CompiledRoute): boolean {
  if (req.method !== 'OPTIONS' || req.headers['max-forwards'] !== '0') return false;
  const methods = config.rules.flatMap((rule) => rule.methods ?? ALL_METHODS);
  res.writeHead(204, { allow: [...new Set(methods)].join(', '), 'x-request-id': id }).end();
  return true;
}
