/** The options of `session.store.redis`, and the combinations of them that are invalid or unsafe. */
import { z } from 'zod';
import { isLoopbackHost } from '../../base/loopback.ts';
import { duration, port } from '../../config/fields/fields.ts';
import type { Finding } from '../../config/fields/finding.ts';
import type { SecretField } from '../../config/fields/secret.ts';

const address = (defaultPort: number) =>
  z.strictObject({
    host: z.string().min(1).describe('Name or address of the server.'),
    port: port().default(defaultPort).describe('Its port.'),
  });

export function redisSchema(secret: SecretField) {
  return z.strictObject({
    url: z
      .string()
      .regex(/^rediss?:\/\//, 'expected a URL such as redis://localhost:6379, or rediss:// for TLS')
      .optional()
      .describe('One server: redis://[user@]host:port[/db], rediss:// for TLS.'),
    sentinels: z.array(address(26379)).min(1).optional().describe('Sentinel addresses; needs master.'),
    master: z.string().min(1).optional().describe('Name of the master that Sentinel monitors.'),
    cluster: z.array(address(6379)).min(1).optional().describe('Some nodes of a Redis Cluster.'),
    username: z.string().min(1).optional().describe('ACL user.'),
    password: secret().optional().describe('Password of the ACL user or of the server.'),
    sentinelPassword: secret().optional().describe('Password of the Sentinels.'),
    database: z.number().int().min(0).max(1024).default(0).describe('Database number; 0 in a Cluster.'),
    tls: z
      .strictObject({
        ca: z.string().min(1).optional().describe('Path of a PEM file with the CA.'),
        servername: z.string().min(1).optional().describe('Expected name in the certificate.'),
      })
      .optional()
      .describe('TLS to the server; a rediss:// URL also enables it.'),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9:_-]{1,64}$/, 'expected 1 to 64 letters, digits, :, _ or -')
      .default('bff:')
      .describe('Prefix of every key.'),
    commandTimeout: duration('10ms', '60s')
      .prefault('1s')
      .describe('Maximum time for one command; after that the request gets a 503 response.'),
  });
}

export type RedisConfig = z.output<ReturnType<typeof redisSchema>>;

/** Parts of the URL that would be ignored: the gateway would use another database than the one that is meant. */
function urlFindings(text: string, database: number): Finding[] {
  const url = URL.parse(text);
  const path = url?.pathname.slice(1) ?? '';
  const at = (message: string, hint?: string): Finding[] => [{ path: ['url'], message, hint }];
  if (url === null || url.hostname === '') return at('names no host', 'write redis://localhost:6379');
  if (url.search !== '' || url.hash !== '')
    return at('a query is not supported', 'set the database as path, such as /2');
  if (!/^\d{0,4}$/.test(path))
    return at('the path must be a database number', 'write redis://host:6379/2, or remove the path');
  if (path !== '' && database !== 0 && Number(path) !== database)
    return at(`names database ${Number(path)}, and session.store.redis.database is ${database}`);
  return [];
}

/** Finds contradictory ways to connect. */
export function redisFindings({ url, sentinels, master, cluster, database }: RedisConfig): Finding[] {
  const findings: Finding[] = url === undefined ? [] : urlFindings(url, database);
  if ([url, sentinels, cluster].filter((way) => way !== undefined).length !== 1)
    findings.push({
      path: [],
      message: 'needs exactly one of url, sentinels or cluster',
      hint: 'write url: redis://localhost:6379',
    });
  if (sentinels && master === undefined)
    findings.push({
      path: ['master'],
      message: 'sentinels need the name of the master',
      hint: 'set master, such as mymaster',
    });
  if (cluster && database !== 0)
    findings.push({ path: ['database'], message: 'a Cluster has database 0 only', hint: 'remove it' });
  return findings;
}

/** The hosts other than this one that are reached without TLS, one sentence for all of them. */
export function plainTextWarnings({ url, sentinels = [], cluster = [], tls }: RedisConfig): string[] {
  if (tls !== undefined || url?.startsWith('rediss:')) return [];
  const hosts = [
    ...(url === undefined ? [] : [URL.parse(url)?.hostname ?? '']),
    ...[...sentinels, ...cluster].map(({ host }) => host),
  ];
  const remote = hosts.filter((host) => host !== '' && !isLoopbackHost(host));
  return remote.length === 0 ? [] : [`the connection to Redis at ${remote.join(', ')} is not encrypted`];
}
