/** The OpenTelemetry SDK; loaded only where spans are recorded. */
import { randomUUID } from 'node:crypto';
import { context, trace } from '@opentelemetry/api';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  type IdGenerator,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from '../log.ts';
import { loadExporter, reportOutages } from './exporter.ts';
import { createRequestSpans } from './request-spans.ts';
import type { ExportSettings, SamplerSettings, TracingSettings } from './settings.ts';
import { traceIdOf } from './traceparent.ts';
import type { Tracing } from './tracing.ts';

/** Name of the instrumentation scope. */
const SCOPE = 'bff-gateway';

export type LoadedTracing = Omit<Tracing, 'ready'>;

const ROOT_SAMPLERS: Readonly<Record<string, (ratio: number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
};

function samplerOf({ name, ratio }: SamplerSettings): Sampler {
  const root = ROOT_SAMPLERS[name.replace('parentbased_', '')]?.(ratio) ?? new AlwaysOnSampler();
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

/** The variables of OpenTelemetry override the name of the service, and everything else. */
const resourceOf = () =>
  defaultResource()
    .merge(
      resourceFromAttributes({
        'service.name': 'bff-gateway',
        'service.instance.id': randomUUID(),
        'process.pid': process.pid,
      }),
    )
    .merge(detectResources({ detectors: [envDetector] }));

/** Random IDs, but for the trace of a request: its ID is that of the request, which the log has. */
function createIds() {
  const random = new RandomIdGenerator();
  let next: string | undefined;
  const idGenerator: IdGenerator = {
    generateTraceId() {
      const id = next ?? random.generateTraceId();
      next = undefined;
      return id;
    },
    generateSpanId: () => random.generateSpanId(),
  };
  function nameTrace(requestId: string): void {
    next = traceIdOf(requestId);
  }
  return { idGenerator, nameTrace };
}

async function exportSpans(settings: ExportSettings, log: Logger): Promise<LoadedTracing> {
  const exporter = reportOutages(await loadExporter(settings), log);
  const { idGenerator, nameTrace } = createIds();
  const provider = new TracerProvider({
    resource: resourceOf(),
    sampler: samplerOf(settings.sampler),
    spanLimits: settings.spanLimits,
    spanProcessors: [new BatchSpanProcessor({ exporter, ...settings.batch })],
    idGenerator,
  });
  return {
    ...createRequestSpans({ ...settings, tracer: provider.getTracer(SCOPE), nameTrace }),
    close: () => provider.shutdown(),
  };
}

/** Creates what the settings describe. */
export async function loadTracing(
  settings: Extract<TracingSettings, { kind: 'export' | 'global' }>,
  log: Logger,
): Promise<LoadedTracing> {
  if (settings.kind === 'export') return await exportSpans(settings, log);
  // The provider belongs to the application, which flushes it. The API finds it also if it is registered later.
  const options = { ...settings, tracer: trace.getTracer(SCOPE), activeContext: () => context.active() };
  return { ...createRequestSpans(options), close: async () => undefined };
}
