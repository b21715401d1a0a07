/** The exporter of spans, which reports an outage of the collector once, and its end. */
import { ConsoleSpanExporter, type SpanExporter } from '@opentelemetry/sdk-trace';
import { describeError, type Logger } from '../log.ts';
import type { ExportSettings } from './settings.ts';

type ExportResult = Parameters<Parameters<SpanExporter['export']>[1]>[0];

const SUCCESS = 0;

/** Loads the exporter of the protocol only. It reads the `OTEL_EXPORTER_OTLP_` variables itself. */
export async function loadExporter({ exporter, protocol, url }: ExportSettings): Promise<SpanExporter> {
  if (exporter === 'console') return new ConsoleSpanExporter();
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter(url === undefined ? {} : { url });
}

/** The same exporter: it reports failures to the log, not to the global error handler of the SDK. */
export function reportOutages(inner: SpanExporter, log: Logger): SpanExporter {
  let lost = 0;

  function record(spans: number, { code, error }: ExportResult): void {
    if (code !== SUCCESS) {
      if (lost === 0)
        log.warn(
          { err: describeError(error), spans },
          'failed to export spans; spans are dropped until the collector is back',
        );
      lost += spans;
      return;
    }
    if (lost > 0) log.info({ spans: lost }, 'spans are exported again; the ones before are lost');
    lost = 0;
  }

  return {
    export(spans, done) {
      inner.export(spans, (result) => {
        record(spans.length, result);
        done({ code: SUCCESS });
      });
    },
    shutdown: () => inner.shutdown(),
    forceFlush: async () => await inner.forceFlush?.(),
  };
}
