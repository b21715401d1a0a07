/** The span of a request: from its arrival to the end of its response, under the name of its route. */
import type { ServerResponse } from 'node:http';
import type { ReceivedRequest } from '../edge/arrival.ts';
import type { RequestContext } from '../edge/request-context.ts';
import { requestSpanName } from '../observe/tracing/span-name.ts';
import type { Tracing } from '../observe/tracing/tracing.ts';
import { runInSpan } from '../tracing/current-span.ts';
import type { Span } from '../tracing/span.ts';

/** Names the span of a request after its route or endpoint. */
export function nameRequestSpan({ span, req }: Pick<RequestContext, 'span' | 'req'>, route: string): void {
  if (!span?.recording) return;
  span.rename(requestSpanName(req.method, route));
  span.setAttribute('http.route', route);
}

/** Records the status of a response of the gateway: of these, only 5xx are failures of a server. */
function recordStatus(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status);
  if (status < 500) return;
  span.setAttribute('error.type', String(status));
  span.markFailed();
}

/** Ends the span with the response. One that was not sent completely is no fault of the gateway if the client left. */
function endWithResponse(span: Span, res: ServerResponse): void {
  if (res.headersSent) recordStatus(span, res.statusCode);
  if (!res.writableFinished) span.setAttribute('error.type', 'response_incomplete');
  span.end();
}

/** Runs `handle` in the span of the request. */
export function inRequestSpan(
  tracing: Tracing | undefined,
  arrival: ReceivedRequest,
  res: ServerResponse,
  handle: () => void,
): void {
  const span = tracing?.startRequest(arrival);
  arrival.span = span;
  if (span?.recording)
    res.once('close', () => {
      if (arrival.span) endWithResponse(span, res);
    });
  runInSpan(span, handle);
}

/** Runs `handle` in the span of the upgrade, which ends with the response to the handshake. */
export function inUpgradeSpan(tracing: Tracing | undefined, arrival: ReceivedRequest, handle: () => void): void {
  arrival.span = tracing?.startRequest(arrival);
  runInSpan(arrival.span, handle);
}

/** Ends the span of an upgrade that is refused. */
export function endRefusedUpgrade({ span }: ReceivedRequest, status: number): void {
  if (!span?.recording) return;
  recordStatus(span, status);
  span.end();
}

/** Calls `next` for a request that the gateway leaves to the server that it is mounted on: its span is never exported. */
export function passOn(arrival: ReceivedRequest, next: () => void): void {
  arrival.span = undefined;
  next();
}
