/** Tracing as the gateway uses it, whether it records spans or only starts traces. */
import type { IncomingMessage } from 'node:http';
import type { Span, SpanAttributes } from '../../tracing/span.ts';

/** What is known of a request when its span starts. */
export interface TracedRequest {
  readonly req: Pick<IncomingMessage, 'headers' | 'method' | 'httpVersion'>;
  /** Request ID. */
  readonly id: string;
  readonly secure: boolean;
}

export interface Tracing {
  /** Resolves when requests are traced: what records spans is loaded meanwhile. Never rejects. */
  readonly ready: Promise<void>;
  /** Starts the span of a request; undefined if its headers pass to the upstream unchanged. */
  startRequest(request: TracedRequest): Span | undefined;
  /** Starts the span of work that no request waits for, such as a revocation that is repeated. */
  startWork(name: string, attributes?: SpanAttributes): Span | undefined;
  /** Exports the remaining spans; resolves after a few seconds at the latest. */
  close(): Promise<void>;
}
