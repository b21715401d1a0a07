/** The span of a request to an upstream: HTTP semantic conventions for clients, without the path. */
import type { Span } from './span.ts';
import { recordError } from './traced.ts';

/** Server and port of a URL, by the semantic conventions. */
function serverOf(url: string) {
  const { hostname, port, protocol } = new URL(url);
  const isTls = protocol === 'https:';
  return { 'server.address': hostname, 'server.port': Number(port || (isTls ? 443 : 80)) };
}

/** Starts the span; its trace headers belong into the request. A request without a recorded span passes on what it has. */
export function startUpstreamSpan(span: Span | undefined, method: string, upstream: string): Span | undefined {
  if (!span?.recording) return span;
  return span.startChild(method, 'client', {
    'http.request.method': method,
    ...serverOf(upstream),
    'url.scheme': new URL(upstream).protocol.slice(0, -1),
  });
}

interface TriedTargets {
  readonly tried: readonly { readonly url: string }[];
  readonly isOverBudget?: boolean;
}

/** Records the target that a request was sent to last, how often it was sent again, and whether the budget of retries ended that. */
export function recordTried(span: Span, { tried, isOverBudget }: TriedTargets): void {
  const last = tried.at(-1);
  if (last) for (const [name, value] of Object.entries(serverOf(last.url))) span.setAttribute(name, value);
  if (tried.length > 1) span.setAttribute('http.request.resend_count', tried.length - 1);
  if (isOverBudget) span.setAttribute('bff.retry', 'over_budget');
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
