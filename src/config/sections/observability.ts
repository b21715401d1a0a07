/** Schemas of `log`, `tracing` and `audit`. */
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
  })
  .prefault({});

export const tracing = z
  .strictObject({
    otlp: httpUrl()
      .optional()
      .describe(
        'Base URL of an OTLP/HTTP collector, such as http://otel-collector:4318. The gateway sends a span of each sampled request to a route to /v1/traces.',
      ),
    sample: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        'Start a trace (W3C traceparent) for requests to routes that carry none, and sample this fraction of them. Default: no traces are started. Traces of clients are always passed on.',
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
