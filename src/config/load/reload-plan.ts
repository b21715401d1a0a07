/** Reload plan: which options of a changed configuration apply to a running process, and which need a restart. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../schema/schema.ts';

/**
 * Options that need a restart: listeners, store and streams are already open, and the remaining ones are part of the seal of
 * every session, so another value would end all sessions.
 */
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
  'upstreamClient',
  'tuning',
] as const;
/** The forward authentication listener checks peers and hosts with the values it was opened with. */
const FIXED_WITH_FORWARD_AUTH = ['allowedHosts', 'trustedProxies'] as const;

type Tree = Record<string, unknown>;
const treeAt = (config: Config, path: readonly string[]) =>
  path.reduce<Tree>((tree, name) => tree[name] as Tree, config as Tree);

/** Whether the wanted keys lack the key that seals now: what it sealed could no longer be opened. */
function losesKey(running: Config, wanted: Config): boolean {
  const [current] = running.secrets.keys;
  return !wanted.secrets.keys.some((key) => key.id === current?.id && key.value === current.value);
}

export interface ReloadPlan {
  /** The wanted configuration, with the running values of the options that need a restart. */
  config: Config;
  /** Paths of the changed options that keep their running values until a restart. */
  kept: string[];
}

/** Gives the configuration the providers of the running one. */
function keepProviders(running: Config, config: Config): void {
  config.provider = structuredClone(running.provider);
  if (running.providers) config.providers = structuredClone(running.providers);
  else Reflect.deleteProperty(config, 'providers');
}

/** Compares the running with the wanted configuration; modifies neither. */
export function planReload(running: Config, wanted: Config): ReloadPlan {
  const config = structuredClone(wanted);
  const kept: string[] = [];
  const fixed = [
    ...FIXED,
    ...(running.forwardAuth ? FIXED_WITH_FORWARD_AUTH : []),
    ...(losesKey(running, wanted) ? (['secrets'] as const) : []),
  ];
  for (const option of fixed) {
    const path = option.split('.');
    const [source, target] = [treeAt(running, path.slice(0, -1)), treeAt(config, path.slice(0, -1))];
    const name = path.at(-1) ?? '';
    if (isDeepStrictEqual(source[name], target[name])) continue;
    if (source[name] === undefined) Reflect.deleteProperty(target, name);
    else target[name] = structuredClone(source[name]);
    kept.push(option);
  }
  // A client secret belongs to its issuer and client: that of another provider must not be sent to the running one.
  if (kept.some((option) => option.startsWith('provider.'))) keepProviders(running, config);
  return { config, kept };
}
