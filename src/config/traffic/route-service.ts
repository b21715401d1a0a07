/** Schemas of the options of a route about what it serves at all: methods, maintenance, and errors of its upstream. */
import { z } from 'zod';
import { duration } from '../fields/fields.ts';

/** A sentence for people and programs; pages and JSON escape it. */
const message = () =>
  z.string().regex(/^[^\p{Cc}]{1,500}$/u, 'expected a text of at most 500 characters, without line breaks');

const maintenance = z
  .union([
    z.boolean(),
    z.strictObject({
      retryAfter: duration('1s', '7d')
        .optional()
        .describe('When clients may try again (Retry-After). Default: 2 seconds.'),
      message: message().optional().describe('Sentence for people, in place of that of the gateway.'),
    }),
  ])
  .default(false)
  .describe(
    'Every request and WebSocket receives 503 maintenance, before anything else is checked: problem+json, or a page for people. A reload switches it.',
  );

const upstreamErrors = z
  .strictObject({
    replace: z
      .union([z.literal('all'), z.array(z.number().int().min(500).max(599)).min(1)])
      .default('all')
      .describe('Statuses whose responses are replaced: all from 500 to 599, or a list.'),
    message: message().optional().describe('Sentence for people, in place of that of the gateway.'),
  })
  .optional()
  .describe(
    'Responses of the upstream with an error of its own (5xx) are replaced: problem+json with the request ID, or the error page for people. The status stays. Default: they pass.',
  );

/** What a route serves. */
export const routeService = {
  methods: z
    .array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']))
    .min(1)
    .optional()
    .describe(
      'Methods of the route. Any other receives 405 with Allow, before credentials are checked; CORS preflights pass. Default: all.',
    ),
  maintenance,
  upstreamErrors,
};
