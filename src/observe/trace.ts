/** Tracing (W3C Trace Context): starts traces for requests without one, and adds a span of the gateway if spans are exported. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from './log.ts';
import { createSpanExporter } from './otlp.ts';

/** Ends the span of a request; `status` is 0 if there was no response. */
export type EndSpan = (status: number) => void;

/** The parts of a request context that tracing reads and sets. */
interface TracedRequest {
  readonly req: Pick<IncomingMessage, 'headers' | 'method'>;
  /** Request ID. */
  readonly id: string;
  /** Replaces the header of the client in the upstream request. */
  traceparent?: string;
}

export interface Tracer {
  /** Sets `traceparent` for the upstream if the gateway starts the trace or adds a span. */
  startSpan(context: TracedRequest, route: string): EndSpan | undefined;
  close(): Promise<void>;
}

interface TraceContext {
  traceId: string;
  parentId: string | undefined;
  sampled: boolean;
}

/** 16 bytes in hexadecimal digits, or a UUID. */
const SIXTEEN_BYTES = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const INVALID_TRACE_ID = '0'.repeat(32);
/** Section 3.2.2: IDs of only zeros are invalid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

/** The request ID if it has the right size, so that log and trace share it; an ID from a proxy may not fit. */
function traceIdOf(id: string): string {
  const digits = SIXTEEN_BYTES.test(id) ? id.replaceAll('-', '') : INVALID_TRACE_ID;
  return digits === INVALID_TRACE_ID ? hex(16) : digits;
}

/** The trace context in the header of a request; undefined if missing or invalid. */
export function readTraceparent(value: unknown): TraceContext | undefined {
  const [, traceId, parentId, flags] = (typeof value === 'string' && TRACEPARENT.exec(value)) || [];
  if (traceId === undefined || flags === undefined) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

const now = () => performance.timeOrigin + performance.now();

/** Creates the tracer; undefined if the gateway only passes traces on, which needs no tracer. */
export function createTracer(
  { sample, otlp }: Config['tracing'],
  log: Logger,
  random = Math.random,
): Tracer | undefined {
  if (sample === undefined && otlp === undefined) return undefined;
  const exporter = otlp === undefined ? undefined : createSpanExporter({ url: otlp, log });

  function traceContextOf({ req, id }: TracedRequest): TraceContext | undefined {
    const incoming = readTraceparent(req.headers.traceparent);
    if (incoming) return incoming;
    // An invalid header is replaced if the gateway starts traces (section 3.2.3).
    return sample === undefined
      ? undefined
      : { traceId: traceIdOf(id), parentId: undefined, sampled: random() < sample };
  }

  return {
    startSpan(context, route) {
      const trace = traceContextOf(context);
      // Without a span of the gateway, the parent of the upstream's span is that of the client.
      if (!trace || (!exporter && trace.parentId !== undefined)) return undefined;
      const { traceId, parentId: parentSpanId, sampled } = trace;
      const spanId = hex(8);
      context.traceparent = `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
      if (!exporter || !sampled) return undefined;
      const start = now();
      const { method = '' } = context.req;
      return (status) => exporter.export({ traceId, spanId, parentSpanId, route, method, status, start, end: now() });
    },
    close: async () => await exporter?.close(),
  };
}
