/** What the configuration says about Redis, in ioredis's terms: where to connect, how to sign in, how long to wait. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { ClusterNode, ClusterOptions, RedisOptions } from 'ioredis';
import type { Config } from '../../config/schema/schema.ts';

export type RedisConfig = Extract<Config['session']['store'], { redis: unknown }>['redis'];

/** One connection (a server, or the master that Sentinel names), or a Cluster. */
export type RedisTarget =
  | { kind: 'single'; options: SingleOptions }
  | { kind: 'cluster'; nodes: ClusterNode[]; options: ClusterTargetOptions };

type SingleOptions = RedisOptions & { replyMapping: 'legacy' };
type ClusterTargetOptions = Omit<ClusterOptions, 'redisOptions'> & { redisOptions: CommonOptions };
type CommonOptions = Omit<SingleOptions, 'port' | 'host' | 'path' | 'sentinels' | 'retryStrategy'>;

/** Longest pause between two attempts to connect, so that service is back soon after Redis is. */
const LONGEST_PAUSE = 1_000;
const CONNECT_TIMEOUT = 2_000;

const pause = (attempt: number) =>
  Math.min(25 * 2 ** Math.min(attempt, 10), LONGEST_PAUSE) * (0.75 + Math.random() / 4);

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
  const path = url.pathname.slice(1);
  if (!/^\d*$/.test(path)) throw new Error('session.store.redis.url: the path is the number of a database');
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    database: path === '' ? undefined : Number(path),
    tls: url.protocol === 'rediss:',
  };
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`session.store.redis.tls.ca: ${reason}`, { cause });
  }
}

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
    connectTimeout: CONNECT_TIMEOUT,
    commandTimeout: config.commandTimeout,
    // A connection that stays silent is given up, or commands without an answer would pile up behind it.
    socketTimeout: config.commandTimeout + 500,
    maxLoadingRetryTime: LONGEST_PAUSE,
    // A command whose answer was lost may have been carried out: repeating it would break "the first caller wins".
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  };
}

function singleTarget(where: RedisOptions, common: CommonOptions, database: number): RedisTarget {
  const options: SingleOptions = {
    ...where,
    ...common,
    db: database,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    retryStrategy: pause,
    // After a failover the old master answers READONLY: only a new connection finds the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  };
  return { kind: 'single', options };
}

function sentinelOptions(config: RedisConfig, tls: ConnectionOptions | undefined): RedisOptions {
  if (config.master === undefined) throw new Error('session.store.redis.master: needed with sentinels');
  return {
    sentinels: config.sentinels ?? [],
    name: config.master,
    sentinelCommandTimeout: config.commandTimeout,
    sentinelRetryStrategy: pause,
    ...(config.sentinelPassword === undefined ? {} : { sentinelPassword: config.sentinelPassword }),
    ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tls }),
  };
}

function clusterTarget(nodes: ClusterNode[], common: CommonOptions): RedisTarget {
  const options: ClusterTargetOptions = {
    redisOptions: common,
    enableOfflineQueue: false,
    clusterRetryStrategy: pause,
    slotsRefreshTimeout: CONNECT_TIMEOUT,
    slotsRefreshInterval: 5_000,
    // Certificates name hosts: names of nodes stay names instead of being looked up here.
    ...(common.tls === undefined ? {} : { dnsLookup: (name, done) => done(null, name) }),
  };
  return { kind: 'cluster', nodes, options };
}

/** The connection that the configuration describes. Throws an Error that names the option at fault. */
export function redisTarget(config: RedisConfig): RedisTarget {
  const ways = [config.url, config.sentinels, config.cluster].filter((way) => way !== undefined);
  if (ways.length !== 1) throw new Error('session.store.redis: expected exactly one of url, sentinels or cluster');
  const address = config.url === undefined ? undefined : parseUrl(config.url);
  const common = commonOptions(config, address);
  if (config.cluster) return clusterTarget(config.cluster, common);
  const where = address ? { host: address.host, port: address.port } : sentinelOptions(config, common.tls);
  return singleTarget(where, common, config.database || (address?.database ?? 0));
}

/** What must never show up in a log line or an error. */
export function redisSecrets(config: RedisConfig): string[] {
  const inUrl = config.url === undefined ? undefined : parseUrl(config.url).password;
  const secrets = [config.password, config.sentinelPassword, inUrl];
  return secrets.filter((secret) => secret !== undefined);
}
