/** Sends spans to a collector by OTLP over HTTP, in JSON, a few at a time; what cannot be sent is dropped and counted in the log. */
import { describeError, type Logger } from './log.ts';

/** One call of a route. It holds no address, no user and no header. */
export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string | undefined;
  route: string;
  method: string;
  /** 0 when nothing was answered. */
  status: number;
  /** Milliseconds since the epoch, with fractions. */
  start: number;
  end: number;
}

export interface SpanExporter {
  export(span: Span): void;
  /** Sends what is left. */
  close(): Promise<void>;
}

export interface ExporterOptions {
  /** Base address of the collector. */
  url: string;
  log: Logger;
  /** Milliseconds between two sendings. */
  interval?: number;
}

/** Most spans that wait; a collector that is out must not cost memory. */
const MOST = 4_096;
const TIMEOUT_MS = 5_000;
const SERVER = 2;
const ERROR = 2;

/** Nanoseconds as OTLP's JSON has them: a number of that size is no longer exact. */
const nanos = (ms: number) => `${Math.floor(ms)}${String(Math.floor((ms % 1) * 1e6)).padStart(6, '0')}`;
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });

function encode({ traceId, spanId, parentSpanId, route, method, status, start, end }: Span) {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name: `${method} ${route}`,
    kind: SERVER,
    startTimeUnixNano: nanos(start),
    endTimeUnixNano: nanos(end),
    attributes: [
      text('http.request.method', method),
      text('http.route', route),
      ...(status === 0 ? [] : [{ key: 'http.response.status_code', value: { intValue: String(status) } }]),
    ],
    status: status >= 500 || status === 0 ? { code: ERROR } : {},
  };
}

function bodyOf(spans: readonly Span[]): string {
  const resource = { attributes: [text('service.name', 'bff-gateway')] };
  return JSON.stringify({
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'bff-gateway' }, spans: spans.map(encode) }] }],
  });
}

/** Starts it. */
export function createSpanExporter({ url, log, interval = 2_000 }: ExporterOptions): SpanExporter {
  const address = `${url.replace(/\/+$/, '')}/v1/traces`;
  let waiting: Span[] = [];
  let dropped = 0;

  async function flush(): Promise<void> {
    const spans = waiting;
    if (spans.length === 0) return;
    waiting = [];
    try {
      const response = await fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: bodyOf(spans),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the collector answers ${response.status}`);
    } catch (error) {
      log.warn({ err: describeError(error), spans: spans.length + dropped }, 'spans could not be sent and are dropped');
      dropped = 0;
    }
  }
  const timer = setInterval(() => void flush(), interval).unref();

  return {
    export(span) {
      if (waiting.length < MOST) waiting.push(span);
      else dropped += 1;
    },
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
