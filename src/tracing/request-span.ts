/** The span of a request: from its arrival to the end of its response, under the name of its route. */
import type { ServerResponse } from 'node:http';
import { runInSpan, runWithoutSpan } from './current-span.ts';
import type { Span } from './span.ts';
import { requestSpanName } from './span-name.ts';

/** What holds the span while the request is in progress. */
export interface SpanHolder {
  span: Span | undefined;
}

/** Names the span of a request after its route or endpoint. */
export function nameRequestSpan(
  { span, req }: { readonly span?: Span | undefined; readonly req: { readonly method?: string | undefined } },
  route: string,
): void {
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

/** Runs `handle` in the span of the request, if it is traced. */
export function inRequestSpan(
  holder: SpanHolder,
  span: Span | undefined,
  res: ServerResponse,
  handle: () => void,
): void {
  holder.span = span;
  if (span?.recording)
    res.once('close', () => {
      if (holder.span) endWithResponse(span, res);
    });
  runInSpan(span, handle);
}

/** Runs `handle` in the span of the upgrade, which ends with the response to the handshake. */
export function inUpgradeSpan(holder: SpanHolder, span: Span | undefined, handle: () => void): void {
  holder.span = span;
  runInSpan(span, handle);
}

/** Ends the span of an upgrade that is refused. */
export function endRefusedUpgrade({ span }: SpanHolder, status: number): void {
  if (!span?.recording) return;
  recordStatus(span, status);
  span.end();
}

/** Calls `next` for a request that the gateway leaves to the server that it is mounted on: its span is never exported, nor is it logged. */
export function passOn(
  holder: SpanHolder & { readonly access?: { isPassedOn: boolean } | undefined },
  next: () => void,
): void {
  holder.span = undefined;
  if (holder.access) holder.access.isPassedOn = true;
  runWithoutSpan(next);
}
