/** The names under which Redis keeps things. */

export interface RedisKeys {
  session(key: string): string;
  tokens(key: string): string;
  lease(name: string): string;
  once(name: string): string;
  index(name: string): string;
  /** When each job is due, and what it is. */
  readonly jobs: { readonly due: string; readonly data: string };
}

/** The braces are a hash tag: both records of a session are in one slot of a Cluster, so that one script may touch both. */
export function redisKeys(prefix: string): RedisKeys {
  return {
    session: (key) => `${prefix}{${key}}:session`,
    tokens: (key) => `${prefix}{${key}}:tokens`,
    lease: (name) => `${prefix}lease:${name}`,
    once: (name) => `${prefix}once:${name}`,
    index: (name) => `${prefix}index:${name}`,
    jobs: { due: `${prefix}{jobs}:due`, data: `${prefix}{jobs}:data` },
  };
}
