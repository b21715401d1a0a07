/** Schemas of `log`, `tracing` and `audit`, and of what the private listener shows. */
import { z } from 'zod';
import { httpUrl } from '../fields/fields.ts';

export const log = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('Least severe level that is logged. A reload changes it; SIGUSR2 switches to debug and back.'),
    format: z
      .enum(['auto', 'json', 'pretty'])
      .default('auto')
      .describe(
        'One JSON object per line, or text for people (pretty). auto is pretty on a terminal and json elsewhere.',
      ),
    fields: z
      .enum(['plain', 'otel', 'ecs'])
      .default('plain')
      .describe(
        'Names of the fields in JSON lines: those of the gateway, of the OpenTelemetry log data model and semantic conventions, or of the Elastic Common Schema.',
      ),
    access: z
      .enum(['off', 'errors', 'sampled', 'all'])
      .default('off')
      .describe(
        'Access log: a line for each finished request, whatever log.level is. errors are responses with 5xx and those that ended early; sampled are errors and the fraction log.sample of all others.',
      ),
    sample: z
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe('Fraction of requests that log.access: sampled logs. The ID of the trace or the request decides.'),
    paths: z
      .enum(['off', 'redacted'])
      .default('off')
      .describe(
        'Whether access lines have the path beside the pattern of the route, with * in place of what may be a value. They never have the query.',
      ),
  })
  .prefault({});

export const tracing = z
  .strictObject({
    otlp: httpUrl()
      .optional()
      .describe(
        'Base URL of an OTLP/HTTP collector, such as http://otel-collector:4318. The gateway sends the spans of sampled requests to /v1/traces. It takes precedence over OTEL_EXPORTER_OTLP_ENDPOINT.',
      ),
    sample: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        'Start a trace (W3C traceparent) for requests that carry none, and sample this fraction of them. It takes precedence over OTEL_TRACES_SAMPLER. Default: no traces are started, unless OTEL_ variables ask for it. Traces of clients are always passed on.',
      ),
    global: z
      .boolean()
      .default(false)
      .describe(
        'For a mounted gateway: record spans with the tracer provider that the application has registered (`@opentelemetry/api`), which samples and exports them. otlp and sample must not be set then.',
      ),
  })
  .prefault({});

export const audit = z
  .strictObject({
    file: z
      .string()
      .min(1)
      .optional()
      .describe('File to which the audit log is appended. Default: standard output, among the log lines.'),
  })
  .prefault({})
  .describe('The audit log; log.level does not affect it.');

/** Schema of `admin.page`. */
export const operatorPage = z
  .boolean()
  .default(false)
  .describe(
    'Whether the private listener has the operator page at /operator/: health, sessions, upstreams, audit events and configuration in a browser. Everything but health needs `secret`.',
  );

/** Schema of `admin.metrics`. */
export const adminMetrics = z
  .strictObject({
    detail: z
      .enum(['route', 'app'])
      .default('route')
      .describe(
        'Which series /metrics has. `route`: one for each route. `app`: the label `route` is empty, and the series of an app are added up; for hundreds of apps.',
      ),
  })
  .prefault({});
