/** How traces are recorded and exported: the options of `tracing`, which take precedence, and the variables of OpenTelemetry. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import { createVariables, type Environment, type Variables } from './variables.ts';

export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
const PROPAGATORS = ['tracecontext', 'baggage', 'b3', 'b3multi'] as const;
const PROTOCOLS = ['http/protobuf', 'http/json'] as const;

export interface SamplerSettings {
  readonly name: (typeof SAMPLERS)[number];
  /** Fraction of the traces that `traceidratio` samples. */
  readonly ratio: number;
}

export interface ExportSettings {
  readonly exporter: 'otlp' | 'console';
  readonly protocol: (typeof PROTOCOLS)[number];
  /** URL of the option; without it the exporter reads the variables itself. */
  readonly url: string | undefined;
  readonly sampler: SamplerSettings;
  /** Whether a request that belongs to no trace starts one. */
  readonly startsTraces: boolean;
  readonly propagators: readonly (typeof PROPAGATORS)[number][];
  readonly spanLimits: { attributeValueLengthLimit?: number; attributeCountLimit?: number };
  readonly batch: {
    scheduledDelayMillis?: number;
    exportTimeoutMillis?: number;
    maxQueueSize?: number;
    maxExportBatchSize?: number;
  };
}

export type TracingSettings =
  | { readonly kind: 'off' }
  | { readonly kind: 'start'; readonly sample: number }
  | { readonly kind: 'global'; readonly startsTraces: true; readonly propagators: ExportSettings['propagators'] }
  | ({ readonly kind: 'export' } & ExportSettings);

/** Removes members without a value: the SDK has its own defaults. */
function present<Members extends object>(members: { [Name in keyof Members]: Members[Name] | undefined }): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Members;
}

function samplerOf({ sample, otlp }: Config['tracing'], variables: Variables): SamplerSettings {
  if (sample !== undefined) return { name: 'parentbased_traceidratio', ratio: sample };
  const ratio = variables.number('OTEL_TRACES_SAMPLER_ARG', { min: 0, max: 1 }) ?? 1;
  const name = variables.choice('OTEL_TRACES_SAMPLER', SAMPLERS);
  return { name: name ?? (otlp === undefined ? 'parentbased_always_on' : 'parentbased_always_off'), ratio };
}

function propagatorsOf(variables: Variables): ExportSettings['propagators'] {
  const names = [
    ...new Set((variables.text('OTEL_PROPAGATORS') ?? 'tracecontext,baggage').split(',').map((name) => name.trim())),
  ];
  if (names.length === 1 && names[0] === 'none') return [];
  return names.flatMap((name) => {
    const known = PROPAGATORS.find((each) => each === name);
    if (known === undefined)
      variables.report(
        `OTEL_PROPAGATORS: expected ${PROPAGATORS.join(', ')} or none; ${JSON.stringify(name)} is ignored`,
      );
    return known ?? [];
  });
}

/** gRPC would add 24 packages of 13 MB for a protocol whose collectors offer HTTP as well. */
function protocolOf(variables: Variables): ExportSettings['protocol'] {
  const name = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'].find(
    (each) => variables.text(each) !== undefined,
  );
  if (name === undefined) return 'http/protobuf';
  if (variables.text(name) !== 'grpc') return variables.choice(name, PROTOCOLS) ?? 'http/protobuf';
  variables.report(
    `${name}: grpc is not supported; spans are sent as http/protobuf, for which collectors listen at port 4318 by default`,
  );
  return 'http/protobuf';
}

/** Reports files that the exporter would silently do without. */
function checkFiles(variables: Variables): void {
  for (const suffix of ['CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY'])
    for (const name of [`OTEL_EXPORTER_OTLP_TRACES_${suffix}`, `OTEL_EXPORTER_OTLP_${suffix}`]) {
      const file = variables.text(name);
      if (file === undefined) continue;
      try {
        readFileSync(file);
      } catch (error) {
        variables.report(`${name}: cannot read the file (${messageOf(error)}); the variable is ignored`);
      }
    }
}

/** Reports URLs that the exporter would silently replace by localhost. */
function checkUrls(variables: Variables): void {
  for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
    const url = variables.text(name);
    if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      variables.report(`${name}: expected an absolute http:// or https:// URL`);
  }
}

const limitsOf = (variables: Variables): ExportSettings['spanLimits'] =>
  present({
    attributeValueLengthLimit: variables.count(
      ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'],
      0,
    ),
    attributeCountLimit: variables.count(['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'], 0),
  });

const batchOf = (variables: Variables): ExportSettings['batch'] =>
  present({
    scheduledDelayMillis: variables.count(['OTEL_BSP_SCHEDULE_DELAY'], 0),
    exportTimeoutMillis: variables.count(['OTEL_BSP_EXPORT_TIMEOUT'], 1),
    maxQueueSize: variables.count(['OTEL_BSP_MAX_QUEUE_SIZE'], 1),
    maxExportBatchSize: variables.count(['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'], 1),
  });

/** The exporter that the variables name or imply; undefined if they name none. */
function exporterOf(variables: Variables): ExportSettings['exporter'] | undefined {
  const named = variables.choice('OTEL_TRACES_EXPORTER', ['otlp', 'console', 'none'] as const);
  if (named !== undefined) return named === 'none' ? undefined : named;
  const endpoints = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  return endpoints.some((name) => variables.text(name) !== undefined) ? 'otlp' : undefined;
}

function select(tracing: Config['tracing'], variables: Variables): TracingSettings {
  const { otlp, sample, global } = tracing;
  if (variables.text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return { kind: 'off' };
  if (global) return { kind: 'global', startsTraces: true, propagators: propagatorsOf(variables) };
  const exporter = otlp === undefined ? exporterOf(variables) : 'otlp';
  if (exporter === undefined) return sample === undefined ? { kind: 'off' } : { kind: 'start', sample };
  if (exporter === 'otlp') checkFiles(variables);
  if (otlp === undefined) checkUrls(variables);
  return {
    kind: 'export',
    exporter,
    protocol: protocolOf(variables),
    url: otlp === undefined ? undefined : `${otlp.replace(/\/+$/, '')}/v1/traces`,
    sampler: samplerOf(tracing, variables),
    startsTraces: otlp === undefined || sample !== undefined || variables.text('OTEL_TRACES_SAMPLER') !== undefined,
    propagators: propagatorsOf(variables),
    spanLimits: limitsOf(variables),
    batch: batchOf(variables),
  };
}

/** Reads the settings, and what is wrong with the variables. */
export function readTracingSettings(
  tracing: Config['tracing'],
  env: Environment,
): { settings: TracingSettings; problems: readonly string[] } {
  const variables = createVariables(env);
  return { settings: select(tracing, variables), problems: variables.problems };
}
