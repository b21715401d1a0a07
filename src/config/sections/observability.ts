/** Options of `log`, `tracing` and `audit`. */
import { z } from 'zod';
import { httpUrl } from '../fields/fields.ts';

export const log = z
  .strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info') })
  .prefault({});

export const tracing = z
  .strictObject({
    otlp: httpUrl()
      .optional()
      .describe(
        'Base URL of a collector that takes OTLP over HTTP, such as http://otel-collector:4318: a span of each sampled call of a route is sent to /v1/traces.',
      ),
    sample: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        'Begin a trace (W3C traceparent) for calls of routes that bring none, and mark this share of them as sampled. Left out: none is begun. Those of callers are passed on in any case.',
      ),
  })
  .prefault({});

export const audit = z
  .strictObject({
    file: z
      .string()
      .min(1)
      .optional()
      .describe('File to which the audit log is appended. Default: standard output, among the lines of the log.'),
  })
  .prefault({})
  .describe('The audit log; log.level does not concern it.');
