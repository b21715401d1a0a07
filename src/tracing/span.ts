/** A span of a trace as the gateway uses it; what records and exports spans is loaded only where tracing is configured. */

export type SpanKind = 'server' | 'client' | 'internal';
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** The headers with which the receiver of a request continues the trace. */
export interface TraceHeaders {
  /** Names in lower case; headers of the client with these names must not pass. */
  readonly replaced: ReadonlySet<string>;
  /** Names alternate with values. */
  readonly headers: readonly string[];
}

export interface Span {
  readonly traceId: string;
  /** False for a span of a trace that is not sampled, and after the end: nothing is recorded then. */
  readonly recording: boolean;
  startChild(name: string, kind: SpanKind, attributes?: SpanAttributes): Span;
  rename(name: string): void;
  /** Attributes must never hold a token, a cookie, a code, a query string or the `sub` of a user. */
  setAttribute(name: string, value: string | number | boolean): void;
  /** Marks the span as failed. */
  markFailed(): void;
  /** Ends the span; further calls have no effect. */
  end(): void;
  /** Headers of a request that is sent in this span. */
  traceHeaders(): TraceHeaders;
}
