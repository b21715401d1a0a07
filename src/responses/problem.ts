/** Renders an error, once: problem+json for callers, a page for people. */
import type { ServerResponse } from 'node:http';
import { GatewayError, problemOf } from '../base/errors.ts';
import { GATEWAY_HEADER } from '../client/gateway-header.ts';
import { describeError, type Logger } from '../observe/log.ts';
import type { Pages } from './pages.ts';

/** Turns anything thrown into a GatewayError; what is not one is a fault of ours. */
export function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  // Express and body-parser mark what a client did wrong with a status.
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (status === 413) return new GatewayError('payload_too_large', { cause: error });
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new GatewayError('bad_request', { cause: error });
  return new GatewayError('internal', { cause: error });
}

/** One log line for an error: a fault of ours or of what is behind us is a warning, a refused request is not. */
export function logProblem(log: Logger, error: GatewayError): void {
  const line = {
    // Not `code`: under that name the logger takes it for an authorization code.
    errorCode: error.code,
    status: error.status,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.cause === undefined ? {} : { err: describeError(error.cause) }),
  };
  if (error.code === 'internal') log.error(line, error.title);
  else if (error.status >= 500) log.warn(line, error.title);
  else log.info(line, error.title);
}

export interface RenderOptions {
  requestId: string;
  pages: Pages;
  /** Whether a person is looking. */
  asPage: boolean;
  loginUrl: string;
  hsts: boolean;
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
    ...(hsts ? { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' } : {}),
    ...(error.retryAfter === undefined ? {} : { 'Retry-After': String(error.retryAfter) }),
    // The rest of a request that was refused is not worth reading (RFC 9112 9.6).
    ...(error.code === 'bad_request' || error.code === 'payload_too_large' ? { Connection: 'close' } : {}),
  };
}

/** Answers with the error, or cuts the connection when an answer has begun already. */
export function renderError(res: ServerResponse, error: GatewayError, options: RenderOptions): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const headers = headersOf(error, options);
  if (options.asPage) {
    const name = error.status === 503 ? 'unavailable' : 'error';
    const { html, contentSecurityPolicy } = options.pages.render(name, {
      title: error.title,
      message: error.hint,
      requestId: options.requestId,
      loginUrl: options.loginUrl,
    });
    send(
      res,
      error.status,
      { ...headers, 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': contentSecurityPolicy },
      html,
    );
    return;
  }
  const body = JSON.stringify(problemOf(error, options.requestId));
  send(
    res,
    error.status,
    {
      ...headers,
      'Content-Type': 'application/problem+json; charset=utf-8',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    },
    body,
  );
}

function send(res: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  res.writeHead(status, { ...headers, 'Content-Length': String(Buffer.byteLength(body)) });
  res.end(res.req.method === 'HEAD' ? undefined : body);
}
