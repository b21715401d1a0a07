/** Schema of `limits`: the limits of a process. */
import { z } from 'zod';
import { duration, size } from '../fields/fields.ts';

/** A percentage of slots. */
const share = (percentage: number) => z.number().int().min(1).max(100).default(percentage);

export const limits = z
  .strictObject({
    headerSize: size().prefault('16kb').describe('Maximum size of a request head.'),
    headersTimeout: duration('1s', '5m').prefault('15s').describe('Maximum time until the request head has arrived.'),
    bodyTimeout: duration('100ms', '1m')
      .prefault('8s')
      .describe(
        'Maximum time for the whole body of a request to an endpoint; after that the response is 408 and the connection closes. Also the maximum time for the rest of the body after a request was refused. Uploads that a route has accepted have no such limit.',
      ),
    sendTimeout: duration('100ms', '10m')
      .prefault('30s')
      .describe(
        'Maximum time, up to twice of it, in which a client reads nothing of a response of an endpoint or of a file of the front end; after that the connection closes.',
      ),
    keepAliveTimeout: duration('0s', '10m').prefault('65s').describe('How long an idle client connection stays open.'),
    connections: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .default(20_000)
      .describe('Maximum concurrent client connections.'),
    callerShare: share(80).describe(
      'Maximum percentage of the connections, queue entries and streams of an upstream that one caller holds: a session, a service, or an address without credentials. Several such callers get less each. 100 is no limit.',
    ),
    addressShare: share(90).describe(
      'The same for one address (IPv6: one /64) with all its callers, and its percentage of client connections unless it is a trusted proxy. Raise it if all clients have the same address.',
    ),
    loginsPerMinute: z
      .number()
      .int()
      .min(0)
      .max(100_000)
      .default(120)
      .describe(
        'Maximum sign-ins that one address (IPv6: one /64) may start, and complete, per minute and replica; 0 is no limit.',
      ),
    logoutTokensPerMinute: z
      .number()
      .int()
      .min(0)
      .max(1_000_000)
      .default(6_000)
      .describe('Maximum back-channel logouts per address, minute and replica; 0 is no limit.'),
    inactiveTokensPerMinute: z
      .number()
      .int()
      .min(0)
      .max(1_000_000)
      .default(600)
      .describe(
        'Maximum introspection requests per address, minute and replica for tokens that are not active; 0 is no limit. After that, an unknown token receives 429, and tokens with a cached result are still accepted.',
      ),
    drainDelay: duration('0s', '1m')
      .prefault('3s')
      .describe(
        'How long the gateway still accepts requests after SIGTERM while it reports not ready: the time a load balancer needs to react.',
      ),
    drainTimeout: duration('0s', '10m')
      .prefault('20s')
      .describe('How long running requests may take after drainDelay; then their connections are closed.'),
  })
  .prefault({});
