/** The part that the gateway takes in traces (W3C Trace Context): begun for calls that bring none, joined where spans are sent. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from './log.ts';
import { createSpanExporter } from './otlp.ts';

/** The end of a call of a route; 0 when nothing was answered. */
export type EndSpan = (status: number) => void;

/** The parts of a request context that tracing reads and sets. */
interface TracedRequest {
  readonly req: Pick<IncomingMessage, 'headers' | 'method'>;
  /** Request id. */
  readonly id: string;
  /** Sent to the upstream instead of what the client sent. */
  traceparent?: string;
}

export interface Tracer {
  /** Gives the call its `traceparent` for the upstream, if it is to have one of ours. */
  startSpan(context: TracedRequest, route: string): EndSpan | undefined;
  close(): Promise<void>;
}

interface TraceContext {
  traceId: string;
  parentId: string | undefined;
  sampled: boolean;
}

/** Sixteen bytes, as a number or as a UUID. */
const SIXTEEN_BYTES = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const NOTHING = '0'.repeat(32);
/** Section 3.2.2: numbers of zeroes are none. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;

const hex = (bytes: number) => randomBytes(bytes).toString('hex');
/** A correlation id of our own has as many digits, so it is used: the log knows the call by it. One of a proxy may not. */
function traceIdOf(id: string): string {
  const digits = SIXTEEN_BYTES.test(id) ? id.replaceAll('-', '') : NOTHING;
  return digits === NOTHING ? hex(16) : digits;
}

/** The trace that a call came with; undefined when it came with none that holds. */
export function readTraceparent(value: unknown): TraceContext | undefined {
  const [, traceId, parentId, flags] = (typeof value === 'string' && TRACEPARENT.exec(value)) || [];
  if (traceId === undefined || flags === undefined) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

const now = () => performance.timeOrigin + performance.now();

/** Builds it; undefined where traces only pass through, as they do by themselves. */
export function createTracer(
  { sample, otlp }: Config['tracing'],
  log: Logger,
  random = Math.random,
): Tracer | undefined {
  if (sample === undefined && otlp === undefined) return undefined;
  const exporter = otlp === undefined ? undefined : createSpanExporter({ url: otlp, log });

  function traceContextOf({ req, id }: TracedRequest): TraceContext | undefined {
    const given = readTraceparent(req.headers.traceparent);
    if (given) return given;
    // One that does not hold is replaced where traces are begun (section 3.2.3).
    return sample === undefined
      ? undefined
      : { traceId: traceIdOf(id), parentId: undefined, sampled: random() < sample };
  }

  return {
    startSpan(context, route) {
      const trace = traceContextOf(context);
      // Without a span of ours the upstream's parent is whoever called us.
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
