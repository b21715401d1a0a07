/** Translates `session.store.redis` into the options of ioredis: addresses, credentials, TLS, timeouts. */

import type { ConnectionOptions } from 'node:tls';
import type { ClusterNode, ClusterOptions, RedisOptions } from 'ioredis';
import { readOptionFile } from '../../base/system/unreadable.ts';
import type { RedisConfig } from './schema.ts';

/** One connection (to a server, or to the master that Sentinel names), or a Cluster. */
export type RedisTarget =
  | { kind: 'single'; options: SingleOptions; database: number }
  | { kind: 'cluster'; nodes: ClusterNode[]; options: ClusterTargetOptions };

type SingleOptions = RedisOptions & { replyMapping: 'legacy' };
type ClusterTargetOptions = Omit<ClusterOptions, 'redisOptions'> & { redisOptions: CommonOptions };
type CommonOptions = Omit<SingleOptions, 'port' | 'host' | 'path' | 'sentinels' | 'retryStrategy'>;

/** Maximum delay between two attempts to connect, so that sessions work again soon after Redis is up. */
const MAX_RETRY_DELAY_MS = 1_000;
const CONNECT_TIMEOUT_MS = 2_000;

const retryDelay = (attempt: number) =>
  Math.min(25 * 2 ** Math.min(attempt, 10), MAX_RETRY_DELAY_MS) * (0.75 + Math.random() / 4);

interface Address {
  host: string;
  port: number;
  username: string | undefined;
  password: string | undefined;
  database: number | undefined;
  tls: boolean;
}

function parseUrl(text: string): Address {
  const url = URL.parse(text);
  if (url === null || url.hostname === '') throw new Error('session.store.redis.url: expected redis://host:port');
  if (url.search !== '')
    throw new Error('session.store.redis.url: a query is not supported; the path is the database number');
  const path = url.pathname.slice(1);
  if (!/^\d*$/.test(path)) throw new Error('session.store.redis.url: the path must be a database number');
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    database: path === '' ? undefined : Number(path),
    tls: url.protocol === 'rediss:',
  };
}

const readCa = (file: string) => readOptionFile('session.store.redis.tls.ca', file);

function tlsOptions(tls: RedisConfig['tls']): ConnectionOptions {
  return {
    ...(tls?.ca === undefined ? {} : { ca: readCa(tls.ca) }),
    ...(tls?.servername === undefined ? {} : { servername: tls.servername }),
  };
}

function commonOptions(config: RedisConfig, address: Address | undefined): CommonOptions {
  const username = config.username ?? address?.username;
  const password = config.password ?? address?.password;
  return {
    connectionName: 'bff-gateway',
    replyMapping: 'legacy',
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(config.tls || address?.tls ? { tls: tlsOptions(config.tls) } : {}),
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: config.commandTimeout,
    // A silent connection is closed; otherwise commands without a reply would accumulate on it.
    socketTimeout: config.commandTimeout + 500,
    maxLoadingRetryTime: MAX_RETRY_DELAY_MS,
    // A command whose reply was lost may have run: repeating it would break "true for the first caller".
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  };
}

function singleTarget(server: RedisOptions, common: CommonOptions, database: number): RedisTarget {
  const options: SingleOptions = {
    ...server,
    ...common,
    enableOfflineQueue: false,
    retryStrategy: retryDelay,
    // After a failover the old master replies READONLY: only a new connection finds the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  };
  return { kind: 'single', options, database };
}

function sentinelOptions(config: RedisConfig, tls: ConnectionOptions | undefined): RedisOptions {
  if (config.master === undefined) throw new Error('session.store.redis.master: required with sentinels');
  return {
    sentinels: config.sentinels ?? [],
    name: config.master,
    sentinelCommandTimeout: config.commandTimeout,
    sentinelRetryStrategy: retryDelay,
    ...(config.sentinelPassword === undefined ? {} : { sentinelPassword: config.sentinelPassword }),
    ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tls }),
  };
}

function clusterTarget(nodes: ClusterNode[], common: CommonOptions): RedisTarget {
  const options: ClusterTargetOptions = {
    redisOptions: common,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelay,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    slotsRefreshInterval: 5_000,
    // Certificates contain host names, so the names of nodes are not resolved here.
    ...(common.tls === undefined ? {} : { dnsLookup: (name, done) => done(null, name) }),
  };
  return { kind: 'cluster', nodes, options };
}

/** The connection that the options describe. Throws an Error that names the option at fault. */
export function redisTarget(config: RedisConfig): RedisTarget {
  const ways = [config.url, config.sentinels, config.cluster].filter((way) => way !== undefined);
  if (ways.length !== 1) throw new Error('session.store.redis: expected exactly one of url, sentinels or cluster');
  const address = config.url === undefined ? undefined : parseUrl(config.url);
  const common = commonOptions(config, address);
  if (config.cluster) return clusterTarget(config.cluster, common);
  const server = address ? { host: address.host, port: address.port } : sentinelOptions(config, common.tls);
  return singleTarget(server, common, config.database || (address?.database ?? 0));
}

/**
 * Whether an error only says that the server does not offer INFO, as hosted and hardened ones do. From then on the client connects
 * without it: while the data set is loading, operations fail on their own.
 */
export function connectsWithoutInfo(
  client: { options: { enableReadyCheck?: boolean | undefined } },
  error: unknown,
): boolean {
  if (!(error instanceof Error) || !/unknown command .?info/i.test(error.message)) return false;
  client.options.enableReadyCheck = false;
  return true;
}

/** The addresses that a configuration names, without credentials. */
export function redisAddresses({ url, sentinels = [], cluster = [] }: RedisConfig): string[] {
  const named = url === undefined ? [] : [parseUrl(url)];
  return [...named, ...sentinels, ...cluster].map(
    ({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`,
  );
}

/** The secrets that must not appear in a log line or an error. */
export function redisSecrets(config: RedisConfig): string[] {
  const inUrl = config.url === undefined ? undefined : parseUrl(config.url).password;
  const secrets = [config.password, config.sentinelPassword, inUrl];
  return secrets.filter((secret) => secret !== undefined);
}
