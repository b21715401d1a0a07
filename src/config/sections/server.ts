/** Options of the listeners and the processes: `listen`, `workers`, `admin`, `forwardAuth`, `limits`, `reload`. */
import { z } from 'zod';
import { duration, port, size } from '../fields/fields.ts';
import type { SecretField } from './secrets.ts';

export const listen = z
  .strictObject({ host: z.string().min(1).default('0.0.0.0'), port: port().default(3000) })
  .prefault({})
  .describe('Where the gateway listens.');

export const workers = z
  .union([z.literal('auto'), z.number().int().min(1).max(256)])
  .default(1)
  .describe(
    'Processes that take calls on the one port; `auto` is one for each core that this machine or container may use.',
  );

export const adminSchema = (secret: SecretField) =>
  z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: port().default(9400),
      enabled: z.boolean().default(true),
      secret: secret()
        .optional()
        .describe('What an administrator must show to list and end sessions; needed when host is not loopback.'),
    })
    .prefault({})
    .describe('The private listener: /livez, /readyz, /metrics, and the administration of sessions.');

export const forwardAuth = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1'),
    port: port().default(9401),
  })
  .optional()
  .describe(
    'A private listener at which a front proxy asks /auth/verify before it forwards a call by itself; it hands out access tokens, so never expose it.',
  );

export const limits = z
  .strictObject({
    headerSize: size().prefault('16kb').describe('Largest request head.'),
    headersTimeout: duration('1s', '5m').prefault('15s').describe('Until the whole request head has arrived.'),
    bodyTimeout: duration('100ms', '1m')
      .prefault('8s')
      .describe(
        'Maximum time for the whole body of a request to an endpoint; after that the response is 408 and the connection closes. Also the maximum time for the rest of the body after a request was refused. Uploads that a route has accepted have no such limit.',
      ),
    keepAliveTimeout: duration('0s', '10m').prefault('65s').describe('How long an idle client connection stays open.'),
    connections: z.number().int().min(1).max(1_000_000).default(20_000).describe('Most client connections.'),
    loginsPerMinute: z
      .number()
      .int()
      .min(0)
      .max(100_000)
      .default(120)
      .describe(
        'Most sign-ins that one address (IPv6: one /64) may begin, and end, in a minute at one instance; 0 is no limit.',
      ),
    logoutTokensPerMinute: z
      .number()
      .int()
      .min(0)
      .max(1_000_000)
      .default(6_000)
      .describe('Most back-channel logouts that one address may send in a minute to one instance; 0 is no limit.'),
    drainDelay: duration('0s', '1m')
      .prefault('3s')
      .describe(
        'How long SIGTERM only turns readiness off while calls are still taken: the time a balancer needs to look elsewhere.',
      ),
    drainTimeout: duration('0s', '10m')
      .prefault('20s')
      .describe('How long running calls may take after that; then they are cut.'),
  })
  .prefault({});

export const reload = z
  .strictObject({
    watch: z.boolean().default(false).describe('Take on a changed file by itself; without it SIGHUP does.'),
  })
  .prefault({})
  .describe('Changes while the gateway runs. A bad file changes nothing.');
