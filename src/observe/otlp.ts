/** OTLP/HTTP exporter: sends spans in batches as JSON; spans that cannot be sent are dropped and logged. */
import { describeError, type Logger } from './log.ts';

/** One request to a route; contains no address, user or header. */
export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string | undefined;
  route: string;
  method: string;
  /** 0 if there was no response. */
  status: number;
  /** Milliseconds since the epoch, with fractions. */
  start: number;
  end: number;
}

export interface SpanExporter {
  export(span: Span): void;
  /** Sends the remaining spans. */
  close(): Promise<void>;
}

export interface ExporterOptions {
  /** Base URL of the collector. */
  url: string;
  log: Logger;
  /** Interval between two batches in milliseconds. */
  interval?: number;
}

/** Maximum number of queued spans: an unavailable collector must not use up memory. */
const MAX_QUEUED_SPANS = 4_096;
const TIMEOUT_MS = 5_000;
/** Enumeration values of OTLP. */
const SPAN_KIND_SERVER = 2;
const STATUS_CODE_ERROR = 2;

/** Nanoseconds as a string, as in OTLP's JSON: a JavaScript number of this size is not exact. */
const formatNanoseconds = (ms: number) => `${Math.floor(ms)}${String(Math.floor((ms % 1) * 1e6)).padStart(6, '0')}`;
const stringAttribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });

function encodeSpan({ traceId, spanId, parentSpanId, route, method, status, start, end }: Span) {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name: `${method} ${route}`,
    kind: SPAN_KIND_SERVER,
    startTimeUnixNano: formatNanoseconds(start),
    endTimeUnixNano: formatNanoseconds(end),
    attributes: [
      stringAttribute('http.request.method', method),
      stringAttribute('http.route', route),
      ...(status === 0 ? [] : [{ key: 'http.response.status_code', value: { intValue: String(status) } }]),
    ],
    status: status >= 500 || status === 0 ? { code: STATUS_CODE_ERROR } : {},
  };
}

function encodeBatch(spans: readonly Span[]): string {
  const resource = { attributes: [stringAttribute('service.name', 'bff-gateway')] };
  return JSON.stringify({
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'bff-gateway' }, spans: spans.map(encodeSpan) }] }],
  });
}

/** Creates an exporter that sends a batch per interval. */
export function createSpanExporter({ url, log, interval = 2_000 }: ExporterOptions): SpanExporter {
  const tracesUrl = `${url.replace(/\/+$/, '')}/v1/traces`;
  let queue: Span[] = [];
  let dropped = 0;

  async function flush(): Promise<void> {
    const spans = queue;
    if (spans.length === 0) return;
    queue = [];
    try {
      const response = await fetch(tracesUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: encodeBatch(spans),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the collector responded with ${response.status}`);
    } catch (error) {
      log.warn({ err: describeError(error), spans: spans.length + dropped }, 'failed to export spans; spans dropped');
      dropped = 0;
    }
  }
  const timer = setInterval(() => void flush(), interval).unref();

  return {
    export(span) {
      if (queue.length < MAX_QUEUED_SPANS) queue.push(span);
      else dropped += 1;
    },
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
