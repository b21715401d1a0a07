/** Starts the spans that have no parent in this process: those of requests, and of work in the background. */
import {
  type Context,
  defaultTextMapGetter,
  isSpanContextValid,
  ROOT_CONTEXT,
  type TextMapPropagator,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { receivedVersion } from '../../base/system/protocol-version.ts';
import { methodAttribute, requestSpanName } from '../../tracing/span-name.ts';
import { type SpanParts, startSpan } from './sdk-span.ts';
import type { ExportSettings } from './settings.ts';
import type { TracedRequest, Tracing } from './tracing.ts';

/** `baggage` needs none: the header passes to the upstream as the client sent it. */
const PROPAGATORS: Readonly<Record<ExportSettings['propagators'][number], () => TextMapPropagator[]>> = {
  tracecontext: () => [new W3CTraceContextPropagator()],
  baggage: () => [],
  b3: () => [new B3Propagator()],
  b3multi: () => [new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER })],
};

export interface RequestSpanOptions extends Pick<ExportSettings, 'propagators' | 'startsTraces'> {
  tracer: Tracer;
  /** Sets the ID of the trace that starts next, if this process chooses it. */
  nameTrace?: (requestId: string) => void;
  /** The span that the application has started for the request, if it instruments its server. */
  activeContext?: () => Context;
}

/** HTTP semantic conventions for server spans, without those that identify the client or hold the path. */
function requestAttributes({ req, secure, id }: TracedRequest) {
  return {
    'http.request.method': methodAttribute(req.method),
    'url.scheme': secure ? 'https' : 'http',
    'network.protocol.version': receivedVersion(req),
    'bff.request.id': id,
  };
}

export function createRequestSpans(options: RequestSpanOptions): Pick<Tracing, 'startRequest' | 'startWork'> {
  const { tracer, propagators, startsTraces, nameTrace, activeContext = () => ROOT_CONTEXT } = options;
  const propagator = new CompositePropagator({ propagators: propagators.flatMap((name) => PROPAGATORS[name]()) });
  const replaced = new Set(propagator.fields().map((name) => name.toLowerCase()));
  const parts: SpanParts = { tracer, propagator, replaced };
  return {
    startRequest(request) {
      const { req, id } = request;
      const active = activeContext();
      const parent =
        trace.getSpan(active) === undefined ? propagator.extract(active, req.headers, defaultTextMapGetter) : active;
      const spanContext = trace.getSpanContext(parent);
      if (spanContext === undefined || !isSpanContextValid(spanContext)) {
        if (!startsTraces) return undefined;
        nameTrace?.(id);
      }
      return startSpan(parts, parent, requestSpanName(req.method), 'server', requestAttributes(request));
    },
    startWork: (name, attributes) =>
      startsTraces ? startSpan(parts, ROOT_CONTEXT, name, 'internal', attributes) : undefined,
  };
}
