/** Spans of the OpenTelemetry API behind the interface that the gateway uses. */
import {
  type Span as ApiSpan,
  type Context,
  defaultTextMapSetter,
  SpanKind as Kind,
  SpanStatusCode,
  type TextMapPropagator,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Span, SpanAttributes, SpanKind, TraceHeaders } from '../../tracing/span.ts';
import { UnrecordedSpan } from './started-traces.ts';

/** What all spans of one tracer share. */
export interface SpanParts {
  readonly tracer: Tracer;
  readonly propagator: TextMapPropagator;
  /** Headers that a span replaces at the upstream. */
  readonly replaced: ReadonlySet<string>;
}

const KINDS: Readonly<Record<SpanKind, Kind>> = { server: Kind.SERVER, client: Kind.CLIENT, internal: Kind.INTERNAL };

function traceHeadersOf({ propagator, replaced }: SpanParts, context: Context): TraceHeaders {
  const carrier: Record<string, string> = {};
  propagator.inject(context, carrier, defaultTextMapSetter);
  return { replaced, headers: Object.entries(carrier).flat() };
}

class RecordedSpan implements Span {
  readonly #parts: SpanParts;
  readonly #span: ApiSpan;
  readonly #context: Context;
  #ended = false;

  constructor(parts: SpanParts, span: ApiSpan, context: Context) {
    this.#parts = parts;
    this.#span = span;
    this.#context = context;
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  get recording(): boolean {
    return !this.#ended;
  }

  startChild(name: string, kind: SpanKind, attributes?: SpanAttributes): Span {
    return startSpan(this.#parts, this.#context, name, kind, attributes);
  }

  rename(name: string): void {
    if (!this.#ended) this.#span.updateName(name);
  }

  setAttribute(name: string, value: string | number | boolean): void {
    if (!this.#ended) this.#span.setAttribute(name, value);
  }

  markFailed(): void {
    if (!this.#ended) this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#span.end();
  }

  traceHeaders(): TraceHeaders {
    return traceHeadersOf(this.#parts, this.#context);
  }
}

/** Starts a span below the one of `parent`; the sampler decides whether it is recorded. */
export function startSpan(
  parts: SpanParts,
  parent: Context,
  name: string,
  kind: SpanKind,
  attributes: SpanAttributes = {},
): Span {
  // A copy: the SDK keeps the object and adds attributes to it.
  const span = parts.tracer.startSpan(name, { kind: KINDS[kind], attributes: { ...attributes } }, parent);
  const context = trace.setSpan(parent, span);
  return span.isRecording()
    ? new RecordedSpan(parts, span, context)
    : new UnrecordedSpan(span.spanContext().traceId, traceHeadersOf(parts, context));
}
