/** Options of `session.store`: where sessions are kept. */
import { z } from 'zod';
import { duration, port } from '../fields/fields.ts';
import type { SecretField } from './secrets.ts';

const address = (defaultPort: number) => z.strictObject({ host: z.string().min(1), port: port().default(defaultPort) });

function redisSchema(secret: SecretField) {
  return z.strictObject({
    url: z
      .string()
      .regex(/^rediss?:\/\//, 'expected redis:// or rediss://')
      .optional()
      .describe('One server: redis://[user@]host:port[/db], rediss:// for TLS.'),
    sentinels: z.array(address(26379)).min(1).optional().describe('Sentinel addresses; needs master.'),
    master: z.string().min(1).optional().describe('Name of the master that Sentinel watches.'),
    cluster: z.array(address(6379)).min(1).optional().describe('Some nodes of a Redis Cluster.'),
    username: z.string().min(1).optional().describe('ACL user.'),
    password: secret().optional().describe('Password of the ACL user or of the server.'),
    sentinelPassword: secret().optional().describe('Password of the Sentinels.'),
    database: z.number().int().min(0).max(1024).default(0).describe('Database number; 0 in a Cluster.'),
    tls: z
      .strictObject({
        ca: z.string().min(1).optional().describe('Path of a PEM file with the CA.'),
        servername: z.string().min(1).optional().describe('Name to expect in the certificate.'),
      })
      .optional()
      .describe('TLS to the server; rediss:// turns it on as well.'),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9:_-]{1,64}$/)
      .default('bff:')
      .describe('Put before every key.'),
    commandTimeout: duration('10ms', '60s')
      .prefault('1s')
      .describe('How long one command may take before the call answers 503.'),
  });
}

/** The store of sessions: one entry, named after the store. */
export const storeSchema = (secret: SecretField) =>
  z
    .union([
      z.strictObject({ redis: redisSchema(secret) }),
      z.strictObject({
        sqlite: z.strictObject({
          file: z.string().min(1).default('./bff-sessions.db').describe('Path of the database file, or :memory:.'),
        }),
      }),
    ])
    .prefault({ sqlite: {} })
    .describe('redis for many nodes, sqlite for one.');
