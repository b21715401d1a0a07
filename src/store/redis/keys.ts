/** The names under which Redis keeps things. */

export interface RedisKeys {
  session(key: string): string;
  tokens(key: string): string;
  /** What the names of both records begin with. */
  readonly records: string;
  /** The key of the session that a record with this name belongs to; undefined for other names. */
  keyOf(name: string): string | undefined;
  lease(name: string): string;
  once(name: string): string;
  index(name: string): string;
  /** When each job is due, and what it is. */
  readonly jobs: { readonly due: string; readonly data: string };
}

/** The braces are a hash tag: both records of a session are in one slot of a Cluster, so that one script may touch both. */
export function redisKeys(prefix: string): RedisKeys {
  const records = `${prefix}{`;
  const RECORD = /^(?<key>[^}]+)\}:(?:session|tokens)$/;
  return {
    records,
    keyOf: (name) => (name.startsWith(records) ? RECORD.exec(name.slice(records.length))?.groups?.key : undefined),
    session: (key) => `${prefix}{${key}}:session`,
    tokens: (key) => `${prefix}{${key}}:tokens`,
    lease: (name) => `${prefix}lease:${name}`,
    once: (name) => `${prefix}once:${name}`,
    index: (name) => `${prefix}index:${name}`,
    jobs: { due: `${prefix}{jobs}:due`, data: `${prefix}{jobs}:data` },
  };
}
