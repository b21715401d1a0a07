/** The names of the keys that the gateway uses in Redis, and the form of its expiry times. */
import { randomUUID } from 'node:crypto';

export interface RedisKeys {
  session(key: string): string;
  tokens(key: string): string;
  /** The prefix of the names of both session records. */
  readonly recordPrefix: string;
  /** The key of the session that a record with this name belongs to; undefined for other names. */
  keyOf(name: string): string | undefined;
  lease(name: string): string;
  once(name: string): string;
  /** A key that never exists, in a random slot of a Cluster. */
  probe(): string;
  index(name: string): string;
  /** The sorted set of the session keys of an app by the time when they may have expired. */
  expiries(tag: string): string;
  /** The hash of the counts of a limit by caller, for one period of it. */
  counts(name: string, period: number): string;
  /** The sorted set of the held places of a limit by their expiry. */
  places(name: string): string;
  /** The sorted set of the processes of a group by their expiry. */
  members(group: string): string;
  /** The sorted set of due times of the jobs of an app, and the hash of their data. */
  jobs(tag: string): readonly [due: string, data: string];
}

const RECORD = /^(?<key>[^}]+)\}:(?:session|tokens)$/;

/**
 * The names under a prefix. The braces are a hash tag: a Cluster keeps both records of a session in one slot, for the scripts, and
 * the jobs of all apps. Each app has sets of its own: neither another gateway nor an earlier release ever reads them.
 */
export function redisKeys(prefix: string): RedisKeys {
  const recordPrefix = `${prefix}{`;
  const suffix = (tag: string) => (tag === '' ? '' : `:${tag}`);
  return {
    recordPrefix,
    keyOf: (name) =>
      name.startsWith(recordPrefix) ? RECORD.exec(name.slice(recordPrefix.length))?.groups?.key : undefined,
    session: (key) => `${prefix}{${key}}:session`,
    tokens: (key) => `${prefix}{${key}}:tokens`,
    lease: (name) => `${prefix}lease:${name}`,
    once: (name) => `${prefix}once:${name}`,
    probe: () => `${prefix}probe:${randomUUID()}`,
    index: (name) => `${prefix}index:${name}`,
    // Both periods that a script reads are in one slot of a Cluster.
    counts: (name, period) => `${prefix}limit:{${name}}:${period}`,
    places: (name) => `${prefix}places:${name}`,
    members: (group) => `${prefix}members:${group}`,
    expiries: (tag) => `${prefix}expiries${suffix(tag)}`,
    jobs: (tag) => [`${prefix}{jobs}${suffix(tag)}:due`, `${prefix}{jobs}${suffix(tag)}:data`],
  };
}

/** Redis accepts whole, positive milliseconds only. */
export const wholeMs = (ttl: number) => Math.max(1, Math.ceil(ttl));
