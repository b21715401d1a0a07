/** The span of a request to an upstream: HTTP semantic conventions for clients, without the path. */
import type { Span } from './span.ts';
import { recordError } from './traced.ts';

/** Starts the span; its trace headers belong into the request. A request without a recorded span passes on what it has. */
export function startUpstreamSpan(span: Span | undefined, method: string, upstream: string): Span | undefined {
  if (!span?.recording) return span;
  const { hostname, port, protocol } = new URL(upstream);
  return span.startChild(method, 'client', {
    'http.request.method': method,
    'server.address': hostname,
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
    'url.scheme': protocol.slice(0, -1),
  });
}

/** Records the status of a response that the gateway has received. */
export function recordResponse(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status);
  if (status < 400) return;
  span.setAttribute('error.type', String(status));
  span.markFailed();
}

/** Ends the span when the request is over: with its response, or with this error. */
export function endUpstreamSpan(span: Span, error: unknown, isComplete: boolean): void {
  if (error !== undefined) recordError(span, error);
  // Either side may have closed its connection.
  else if (!isComplete) span.setAttribute('error.type', 'response_incomplete');
  span.end();
}
