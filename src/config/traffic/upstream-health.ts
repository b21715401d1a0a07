/** Schemas of the options of an upstream with targets: health of the targets, checks, circuit breaker and retries. */
import { z } from 'zod';
import { duration } from '../fields/fields.ts';

const percentage = (min: number, max: number) => z.number().int().min(min).max(max);
const count = (max: number) => z.number().int().min(1).max(max);

const passive = z
  .strictObject({
    failures: count(1000).default(5).describe('Consecutive failures after which a target is ejected.'),
    serverErrors: z
      .boolean()
      .default(false)
      .describe('Every 5xx response is a failure. false: only 502, 503 and 504 are.'),
    ejection: duration('100ms', '1h')
      .prefault('10s')
      .describe('Duration of the first ejection; each further one lasts that much longer.'),
    maxEjection: duration('100ms', '1d').prefault('5m').describe('Maximum duration of an ejection.'),
    maxEjected: percentage(0, 50)
      .default(50)
      .describe('Maximum percentage of the targets that are ejected at a time; one of two or more always may be.'),
    trials: count(100)
      .default(2)
      .describe('Successful requests, one at a time, after which an ejected target is used again.'),
  })
  .prefault({});

const breaker = z
  .strictObject({
    maxRequests: count(100_000)
      .optional()
      .describe('Maximum concurrent requests to one target; further ones go to the others. Default: no limit.'),
    errorRate: percentage(1, 100)
      .default(50)
      .describe('Percentage of failures in the window that ejects a target, although they are not consecutive.'),
    minRequests: count(100_000).default(20).describe('Requests in the window below which errorRate does not count.'),
    window: duration('1s', '10m').prefault('10s').describe('Window of errorRate.'),
  })
  .prefault({});

const statusRange = z
  .string()
  .regex(/^[1-5]\d\d(-[1-5]\d\d)?$/, 'expected a status such as 204, or a range such as 200-299')
  .refine((text) => {
    const [from = '', to = from] = text.split('-');
    return from <= to;
  }, 'expected a range from the lower to the higher status');

const healthCheck = z.strictObject({
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]*$/, 'expected a path that starts with /, without spaces')
    .describe('Path of the check, query included, from the root of the target. No token and no cookie is sent.'),
  interval: duration('100ms', '10m')
    .prefault('5s')
    .describe(
      'Time between two checks of a target in each process. A target that fails is checked at least every second.',
    ),
  timeout: duration('10ms', '1m').prefault('2s').describe('Maximum time until the head of the response.'),
  expect: z
    .array(statusRange)
    .min(1)
    .prefault(['200-299'])
    .describe('Statuses that pass, as 204 or 200-299 in quotes.'),
  healthy: count(100).default(2).describe('Passed checks in a row after which a target that was down is used again.'),
  unhealthy: count(100).default(3).describe('Failed checks in a row after which a target is down.'),
  host: z
    .string()
    .regex(/^[A-Za-z0-9.:[\]-]{1,255}$/, 'expected a host name, with or without a port')
    .optional()
    .describe('Host header of the check. Default: the host of the target.'),
});

/** Reasons for a retry, by their names in `retries.on`. */
export const RETRY_REASONS = ['connect', 'broken', 'timeout', 500, 502, 503, 504] as const;

const retries = z
  .strictObject({
    attempts: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(2)
      .describe('Maximum retries of one request. Another target is preferred.'),
    budget: percentage(0, 100)
      .default(20)
      .describe(
        'Maximum retries of all requests, in percent of the requests of the last 10s. 10 per second are always allowed, unless it is 0.',
      ),
    on: z
      .array(z.literal(RETRY_REASONS))
      .default(['connect', 'broken', 'timeout', 502, 503, 504])
      .describe(
        'What is retried. connect: no connection, so that no byte was sent; requests of every method. All others only for GET, HEAD and OPTIONS without a body, before the response begins.',
      ),
    tryTimeout: duration('10ms', '1h')
      .optional()
      .describe(
        'Maximum time of one try until the connection is established, and then until the head of the response, while a further try is possible. Default: timeouts.headers.',
      ),
  })
  .prefault({});

/** Options of an upstream for the health of its targets. */
export const upstreamHealth = {
  passiveHealth: z
    .union([z.literal(false).describe('No request ejects a target.'), passive])
    .describe('When a target is ejected because requests fail at it.'),
  breaker: breaker.describe('Limits for one target beside its consecutive failures.'),
  healthCheck: healthCheck.optional().describe('Requests of the gateway that check every target. Default: none.'),
  retries: z
    .union([z.literal(false).describe('No request is sent twice.'), retries])
    .describe('Further tries of requests that failed.'),
  slowStart: duration('0s', '10m')
    .prefault('0s')
    .describe('Time in which the share of requests of a restored or new target grows to the full one. 0s: at once.'),
};
