/** Steps that endpoints share: caching, body parsing, and checks that need no session. */
import express, { type Request, type RequestHandler } from 'express';
import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import { checkCsrf } from '../../policy/csrf.ts';
import { contextOf } from './context.ts';

/** Forbids every cache to store the response (RFC 9111 section 5.2.2.5). */
export const noStore: RequestHandler = function noStore(_req, res, next) {
  res.set('Cache-Control', 'no-store');
  res.vary('Cookie');
  next();
};

/**
 * Keeps the link between a popup with a sign-in and the page that opened it (HTML section 7.1.3): a response with any other
 * policy cuts it for good, and the page could not tell when the user closes the popup.
 */
export const keepOpener: RequestHandler = function keepOpener(_req, res, next) {
  res.set('Cross-Origin-Opener-Policy', 'unsafe-none');
  next();
};

/** Reads a form body as text. */
export const parseForm: RequestHandler = express.text({ type: 'application/x-www-form-urlencoded', limit: '16kb' });

/** Refuses plain HTTP: the browser would drop the Secure cookies of a sign-in, and the sign-in would loop. */
export function requireHttps({ publicUrl }: Pick<Config, 'publicUrl'>): RequestHandler {
  const https = publicUrl.startsWith('https:');
  return function requireHttps(req, _res, next) {
    next(https && !contextOf(req).secure ? new GatewayError('insecure_transport') : undefined);
  };
}

/** Refuses the methods that an endpoint does not offer. */
export function methodNotAllowed(methods: readonly string[]): RequestHandler {
  const headers = { Allow: methods.join(', ') };
  return function methodNotAllowed(_req, _res, next) {
    next(new GatewayError('method_not_allowed', { headers }));
  };
}

/** Throws unless the request carries the CSRF header and comes from our own or a listed origin, by default one of `cors`. */
export function requireCsrf(config: Config, req: Request, allowedOrigins = config.cors.allowedOrigins): void {
  const outcome = checkCsrf({
    method: req.method,
    headers: req.headers,
    mode: 'header',
    strictCookie: config.session.cookie.sameSite === 'strict',
    headerName: config.csrf.header,
    publicOrigin: config.publicUrl,
    allowedOrigins,
  });
  if (outcome.kind === 'refused') throw new GatewayError(outcome.code, { detail: outcome.reason });
}
