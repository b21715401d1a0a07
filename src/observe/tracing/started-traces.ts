/** Starts traces for requests without one, and records no spans: `tracing.sample` without an exporter. */
import type { Span, TraceHeaders } from '../../tracing/span.ts';
import { newTraceparent, readTraceparent, traceIdOf } from './traceparent.ts';
import type { Tracing } from './tracing.ts';

const REPLACED: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);

/** A span that only passes its trace on; its children are the span itself. */
export class UnrecordedSpan implements Span {
  readonly traceId: string;
  readonly recording = false;
  readonly #headers: TraceHeaders;

  constructor(traceId: string, headers: TraceHeaders) {
    this.traceId = traceId;
    this.#headers = headers;
  }

  startChild(): Span {
    return this;
  }

  traceHeaders(): TraceHeaders {
    return this.#headers;
  }

  rename(): void {}
  setAttribute(): void {}
  markFailed(): void {}
  end(): void {}
}

/** Samples this fraction of the traces that it starts. */
export function createStartedTraces(sample: number, random = Math.random): Tracing {
  return {
    ready: Promise.resolve(),
    startRequest({ req, id }) {
      // The parent of the upstream's span is that of the client. An invalid header is replaced (section 3.2.3).
      if (readTraceparent(req.headers.traceparent)) return undefined;
      const traceId = traceIdOf(id);
      const headers = ['traceparent', newTraceparent(traceId, random() < sample)];
      return new UnrecordedSpan(traceId, { replaced: REPLACED, headers });
    },
    startWork: () => undefined,
    close: async () => undefined,
  };
}
