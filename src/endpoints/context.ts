/** What the endpoints share: the exchange of a request, one way to answer JSON, and the checks a cookie needs. */
import type { Request, RequestHandler, Response } from 'express';
import { GatewayError } from '../base/errors.ts';
import { GATEWAY_HEADER, OK } from '../client/gateway-header.ts';
import type { Config } from '../config/schema/schema.ts';
import type { RequestContext } from '../edge/request-context.ts';
import { checkCsrf } from '../policy/csrf.ts';
import type { RenderedPage } from '../responses/pages.ts';

const contexts = new WeakMap<object, RequestContext>();

/** Ties an exchange to its request, so that Express handlers find it. */
export function attachContext(context: RequestContext): void {
  contexts.set(context.req, context);
}

/** The exchange of a request that came through the gateway. */
export function contextOf(req: object): RequestContext {
  const context = contexts.get(req);
  if (!context)
    throw new GatewayError('internal', { detail: 'a request reached an endpoint without passing the edge' });
  return context;
}

/** Nothing that an endpoint of the gateway answers may be stored by anybody (RFC 9111 5.2.2.5). */
export const noStore: RequestHandler = function noStore(_req, res, next) {
  res.set('Cache-Control', 'no-store');
  res.vary('Cookie');
  next();
};

/** Throws when the browser would drop the Secure cookies that a sign-in needs, and so come back for ever. */
export function requireHttps(config: Config, { secure }: RequestContext): void {
  if (config.publicUrl.startsWith('https:') && !secure) throw new GatewayError('insecure_transport');
}

/** Refuses methods that an endpoint does not offer. */
export function methodNotAllowed(allow: string): RequestHandler {
  return function refuseMethod(_req, _res, next) {
    next(new GatewayError('method_not_allowed', { headers: { Allow: allow } }));
  };
}

/** Throws unless the request carries the CSRF header and comes from our own or a listed origin. */
export function requireCsrf(config: Config, req: Request): void {
  const outcome = checkCsrf({
    method: req.method,
    headers: req.headers,
    mode: 'header',
    headerName: config.csrf.header,
    publicOrigin: config.publicUrl,
    allowedOrigins: config.cors.allowedOrigins,
  });
  if (outcome.kind === 'refused') throw new GatewayError(outcome.code, { detail: outcome.reason });
}

/** Query parameters, or `duplicate_parameter` when a protocol parameter is there twice (RFC 6749 3.1). */
export function singleParams(source: URLSearchParams): URLSearchParams {
  const names = [...source.keys()];
  if (new Set(names).size !== names.length) throw new GatewayError('duplicate_parameter');
  return source;
}

/** Answers JSON, marked as the gateway's own. */
export function sendJson(res: Response, body: Record<string, unknown>): void {
  res.set({ 'X-Content-Type-Options': 'nosniff', [GATEWAY_HEADER]: OK }).json(body);
}

/** Sends the browser on. Without the body that Express adds: an address may carry a token (`id_token_hint`), a body must not. */
export function redirect(res: Response, location: string): void {
  res.status(303).location(location).end();
}

/** Answers with the page; the status that was set before stays. */
export function sendPage(res: Response, { html, contentSecurityPolicy }: RenderedPage): void {
  res.set('Content-Security-Policy', contentSecurityPolicy).type('text/html; charset=utf-8').send(html);
}
