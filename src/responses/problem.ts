/** Renders an error: as problem+json for programs, as a page for people. */
import type { ServerResponse } from 'node:http';
import { ERRORS, type ErrorCode } from '../base/error-table.ts';
import { GatewayError, problemOf } from '../base/errors.ts';
import { GATEWAY_HEADER } from '../client/gateway-header.ts';
import { describeError, type Logger } from '../observe/log.ts';
import { errorPage } from './error-page.ts';
import type { Pages } from './pages.ts';

/** Converts anything thrown to a GatewayError; an unknown error becomes `internal`. */
export function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  // Express and body-parser mark errors of the client with a status.
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (status === 413) return new GatewayError('payload_too_large', { cause: error });
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new GatewayError('bad_request', { cause: error });
  return new GatewayError('internal', { cause: error });
}

/** Logs an error once: `internal` as an error, other 5xx as a warning, a refused request as information. */
export function logProblem(log: Logger, error: GatewayError): void {
  const fields = {
    // Not `code`: the logger redacts that name, because it may hold an authorization code.
    errorCode: error.code,
    status: error.status,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.cause === undefined ? {} : { err: describeError(error.cause) }),
  };
  if (error.code === 'internal') log.error(fields, error.title);
  else if (error.status >= 500 && error.code !== 'maintenance') log.warn(fields, error.title);
  else log.info(fields, error.title);
}

export interface RenderOptions {
  requestId: string;
  /** Renders a page instead of problem+json. */
  pages: Pages | undefined;
  /** Target of an action that starts a sign-in. */
  loginUrl: string;
  /** Target of an action that repeats the request; undefined if a link cannot do that. */
  sameUrl: string | undefined;
  /** Address of an own page of the application, to redirect to instead. */
  ownPage?: string | undefined;
  /** Value of Strict-Transport-Security, if it is sent. */
  hsts: string | undefined;
}

function headersOf(error: GatewayError, { requestId, hsts }: RenderOptions): Record<string, string> {
  return {
    ...error.headers,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Request-Id': requestId,
    [GATEWAY_HEADER]: error.code,
    ...(hsts === undefined ? {} : { 'Strict-Transport-Security': hsts }),
    ...(error.retryAfter === undefined ? {} : { 'Retry-After': String(error.retryAfter) }),
    // The connection closes instead of reading the rest of a refused request (RFC 9112 section 9.6).
    ...(error.code === 'bad_request' || error.code === 'payload_too_large' ? { connection: 'close' } : {}),
  };
}

/** Responds with the error, or closes the connection if a response has already begun. */
export function renderError(res: ServerResponse, error: GatewayError, options: RenderOptions): void {
  if (res.headersSent || res.destroyed) return void res.destroy();
  const { pages, ownPage } = options;
  if (ownPage !== undefined) {
    res.writeHead(303, { ...headersOf(error, options), Location: ownPage, 'Content-Length': '0' }).end();
    return;
  }
  const { body, headers } = pages ? pageOf(error, options, pages, res) : documentOf(error, options);
  res.writeHead(error.status, {
    ...headersOf(error, options),
    ...headers,
    'Content-Length': String(Buffer.byteLength(body)),
  });
  res.end(res.req.method === 'HEAD' ? undefined : body);
}

function pageOf(
  error: GatewayError,
  { requestId, loginUrl, sameUrl }: RenderOptions,
  pages: Pages,
  res: ServerResponse,
) {
  const { method, headers } = res.req;
  const { situation, action: [label, target] = [] } = errorPage(error, method === 'GET');
  const url = target === 'sign-in' ? loginUrl : sameUrl;
  const action = label === undefined || url === undefined ? {} : { action: { label, url } };
  const { html, contentSecurityPolicy, language } = pages.render(
    error.status === 503 ? 'unavailable' : 'error',
    { situation, requestId, ...action, ...ownText(error) },
    headers['accept-language'],
  );
  const vary = res.getHeader('vary');
  return {
    body: html,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': contentSecurityPolicy,
      'Content-Language': language,
      Vary: vary === undefined ? 'Accept-Language' : `${vary}, Accept-Language`,
    },
  };
}

/** Errors of a proxy that is not set up yet: the operator who sees the page needs to know what is missing. */
const OF_SETUP: ReadonlySet<ErrorCode> = new Set(['insecure_transport', 'misdirected']);

/** Errors whose own text a plugin or the configuration has for the user. */
const SENTENCES: ReadonlySet<ErrorCode> = new Set(['login_refused', 'call_refused', 'maintenance', 'upstream_error']);

/** The text that an error has in place of that of the table, for the user or for support. */
function ownText({ code, hint }: GatewayError): { sentence?: string; detail?: string } {
  if (OF_SETUP.has(code)) return { detail: hint };
  if (hint === ERRORS[code].hint) return {};
  return SENTENCES.has(code) ? { sentence: hint } : { detail: hint };
}

function documentOf(error: GatewayError, { requestId }: RenderOptions) {
  const headers = {
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  };
  return { body: JSON.stringify(problemOf(error, requestId)), headers };
}
