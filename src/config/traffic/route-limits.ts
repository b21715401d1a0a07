/** Schemas of the options of a route for time, connections and body size. */
import { z } from 'zod';
import { duration, size } from '../fields/fields.ts';

/** Limits of time, connections and body size. */
export const routeLimits = {
  timeouts: z
    .strictObject({
      connect: duration('10ms', '5m').prefault('5s').describe('Maximum time until the connection is established.'),
      headers: duration('10ms', '1h')
        .prefault('60s')
        .describe('Maximum time from the end of the request until the head of the response is complete.'),
      total: duration('10ms', '1h')
        .optional()
        .describe(
          'Maximum time from the admission of the request until the head of the response, over all tries: the wait for a connection, the body of the request and the response. Default: no limit.',
        ),
      idle: duration('0ms', '7d').prefault('5m').describe('Maximum time without data inside a body; 0ms is no limit.'),
    })
    .prefault({}),
  connections: z
    .number()
    .int()
    .min(1)
    .max(4096)
    .default(128)
    .describe('Maximum concurrent requests to the upstream, without those that count as streams.'),
  maxStreams: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(4096)
    .describe(
      'Maximum event streams, WebSockets, and transfers that last longer than 1s because of the client. They do not count as connections. A further event stream or WebSocket receives 503.',
    ),
  websocketIdleTimeout: duration('0ms', '7d')
    .prefault('0ms')
    .describe(
      'Maximum time without a byte in either direction of a WebSocket, pings included; after that it is closed with code 1001. 0ms is no limit.',
    ),
  maxQueue: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(4096)
    .describe('Maximum requests that wait for a connection; further ones receive 503.'),
  bodies: z
    .enum(['forward', 'strict'])
    .default('forward')
    .describe(
      'Bodies of methods other than POST, PUT and PATCH, which many upstreams ignore. forward: the body is sent, and the connection is not reused. strict: 400 bad_request.',
    ),
  maxBody: size().optional().describe('Maximum request body. Default: no limit, since bodies are streamed.'),
};
