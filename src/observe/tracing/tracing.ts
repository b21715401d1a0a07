/** Tracing as the gateway uses it, whether it records spans or only starts traces. */
import type { IncomingMessage } from 'node:http';
import type { Span } from '../../tracing/span.ts';
import type { WorkTracer } from '../../tracing/traced.ts';

/** What is known of a request when its span starts. */
export interface TracedRequest {
  readonly req: Pick<IncomingMessage, 'headers' | 'method' | 'httpVersion' | 'socket'>;
  /** Request ID. */
  readonly id: string;
  readonly secure: boolean;
}

export interface Tracing extends WorkTracer {
  /** Resolves when requests are traced: what records spans is loaded meanwhile. Never rejects. */
  readonly ready: Promise<void>;
  /** Starts the span of a request; undefined if its headers pass to the upstream unchanged. */
  startRequest(request: TracedRequest): Span | undefined;
  /** Exports the remaining spans; resolves after a few seconds at the latest. */
  close(): Promise<void>;
}
