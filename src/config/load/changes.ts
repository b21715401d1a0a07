/** What of a changed configuration a running process can take on: everything but what it was built on. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../schema/schema.ts';

/** Listeners, store and streams are open; the rest is in the seal of every session, so another value would end them all. */
const FIXED = [
  'publicUrl',
  'listen',
  'workers',
  'admin.host',
  'admin.port',
  'admin.enabled',
  'forwardAuth',
  'provider.issuer',
  'provider.clientId',
  'session.store',
  'session.cookie.name',
  'limits.headerSize',
  'limits.headersTimeout',
  'limits.bodyTimeout',
  'limits.keepAliveTimeout',
  'limits.connections',
  'limits.drainDelay',
  'limits.drainTimeout',
  'log',
  'audit',
  'reload',
] as const;
/** The listener of forward authentication judges peers and hosts by itself. */
const FIXED_WITH_FORWARD_AUTH = ['allowedHosts', 'trustedProxies'] as const;

type Branch = Record<string, unknown>;
const branchAt = (config: Config, path: readonly string[]) =>
  path.reduce<Branch>((branch, name) => branch[name] as Branch, config as Branch);

/** The key that seals must still open what it sealed before. */
function losesKey(running: Config, wanted: Config): boolean {
  const [used] = running.secrets.keys;
  return !wanted.secrets.keys.some((key) => key.id === used?.id && key.value === used.value);
}

export interface Change {
  /** The wanted configuration, with the running values where they cannot change. */
  config: Config;
  /** Options that keep their running values until a restart. */
  kept: string[];
}

/** Works it out; both are left as they are. */
export function changeOf(running: Config, wanted: Config): Change {
  const config = structuredClone(wanted);
  const kept: string[] = [];
  const fixed = [
    ...FIXED,
    ...(running.forwardAuth ? FIXED_WITH_FORWARD_AUTH : []),
    ...(losesKey(running, wanted) ? (['secrets'] as const) : []),
  ];
  for (const option of fixed) {
    const path = option.split('.');
    const [from, into] = [branchAt(running, path.slice(0, -1)), branchAt(config, path.slice(0, -1))];
    const name = path.at(-1) ?? '';
    if (isDeepStrictEqual(from[name], into[name])) continue;
    if (from[name] === undefined) Reflect.deleteProperty(into, name);
    else into[name] = structuredClone(from[name]);
    kept.push(option);
  }
  return { config, kept };
}
