/** Reload plan: which options of a changed configuration apply to a running process, and which need a restart. */
import { SHARED_OPTIONS } from '../schema/app-options.ts';
import { appsOf, mapApps } from '../schema/apps.ts';
import type { Config } from '../schema/schema.ts';
import { joinApps } from './app-members.ts';
import { copyOption } from './copy-option.ts';
import { asRunning, withoutClashes } from './reload-clashes.ts';

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
  'admin.page',
  'forwardAuth',
  'provider.issuer',
  'provider.clientId',
  'session.store',
  'session.cookie.name',
  'session.cookie.sharedDomain',
  'limits.headerSize',
  'limits.headersTimeout',
  'limits.bodyTimeout',
  'limits.keepAliveTimeout',
  'limits.connections',
  'limits.drainDelay',
  'limits.drainTimeout',
  'log.format',
  'log.fields',
  'audit',
  'plugins',
  'reload',
  'upstreamClient',
  'tuning',
] as const;
/** Those of them that each app has for itself. */
const PER_APP: readonly string[] = [
  'publicUrl',
  'provider.issuer',
  'provider.clientId',
  'session.cookie.name',
  'session.cookie.sharedDomain',
];
/** The forward authentication listener checks peers with the value it was opened with. */
const FIXED_WITH_FORWARD_AUTH = ['trustedProxies'] as const;

/** Whether the wanted keys lack the key that seals now: what it sealed could no longer be opened. */
function losesKey(running: Config, wanted: Config): boolean {
  const [current] = running.secrets.keys;
  return !wanted.secrets.keys.some((key) => key.id === current?.id && key.value === current.value);
}

export interface ReloadPlan {
  /** The wanted configuration, with the running values of the options that need a restart. */
  config: Config;
  /** Paths of the changed options that keep their running values until a restart; those of a further app begin with `apps.ID.`. */
  kept: string[];
}

/** What a reload has changed. */
export interface ReloadResult {
  /** Ids of the apps that run under the new configuration. */
  readonly applied: readonly string[];
  /** The apps that keep the configuration that they had, each with the reason; a new one is left out. */
  readonly refused: readonly { readonly app: string; readonly error: Error }[];
  /** Changed options that keep their values until a restart, such as `publicUrl`. */
  readonly needRestart: readonly string[];
}

/** Gives the configuration the providers of the running one. */
function keepProviders(running: Config, config: Config): void {
  config.provider = structuredClone(running.provider);
  if (running.providers) config.providers = structuredClone(running.providers);
  else Reflect.deleteProperty(config, 'providers');
}

/** Keeps the running values of the options; returns those that were changed. */
function keepOptions(running: Config, target: Config, options: readonly string[]): string[] {
  const kept = options.filter((option) => copyOption(running, target, option));
  // A client secret belongs to its issuer and client: that of another provider must not be sent to the running one.
  if (kept.some((option) => option.startsWith('provider.'))) keepProviders(running, target);
  return kept;
}

const isMain = ({ app }: Config) => app.tag === '';

const nameOf = (config: Config, option: string) => (isMain(config) ? option : `apps.${config.app.id}.${option}`);

/** The running app that a wanted one continues: that of its origin and path, which may have had another id, or else of its id. */
function counterpartOf(wanted: Config, running: readonly Config[], all: readonly Config[]): Config | undefined {
  const same = running.find(({ app }) => app.tag === wanted.app.tag);
  if (same !== undefined || isMain(wanted)) return same;
  const [named] = running.filter((config) => !isMain(config) && config.app.id === wanted.app.id);
  // Another wanted app may be at the place of that one.
  return all.some(({ app }) => app.tag === named?.app.tag) ? undefined : named;
}

/** Whether an app has another origin or path than its counterpart. That of the app at the top is an option that it keeps. */
const isMoved = (running: Config, wanted: Config) => !isMain(wanted) && running.app.tag !== wanted.app.tag;

/** An app that has moved: until a restart it stays as it is, because its routes, endpoints and sessions belong to its place. */
function stay(running: Config, wanted: Config): { config: Config; kept: string[] } {
  const option = running.publicUrl === wanted.publicUrl ? 'path' : 'publicUrl';
  return { config: asRunning(running, wanted), kept: [nameOf(running, option)] };
}

/** The apps, which also keep the cookies of apps that have left their hosts from upstreams: browsers and other instances still have them. */
function withFormerSiblings(config: Config, before: readonly Config[]): Config {
  return mapApps(config, (own) => {
    const { siblingCookies = [] } = own.app;
    const former = before.find(({ app }) => app.tag === own.app.tag)?.app.siblingCookies ?? [];
    const missing = former.filter((name) => !siblingCookies.includes(name));
    return missing.length === 0
      ? own
      : { ...own, app: { ...own.app, siblingCookies: [...siblingCookies, ...missing] } };
  });
}

/** Compares the running with the wanted configuration, app by app; modifies neither. */
export function planReload(running: Config, wanted: Config): ReloadPlan {
  const [before, after] = [appsOf(running), appsOf(structuredClone(wanted))];
  const fixed: string[] = [
    ...FIXED,
    ...(running.forwardAuth ? FIXED_WITH_FORWARD_AUTH : []),
    ...(losesKey(running, wanted) ? (['secrets'] as const) : []),
  ];
  const shared = fixed.filter((option) => !PER_APP.includes(option));
  const kept: string[] = [];
  const planned = after.map((config, index) => {
    const counterpart = counterpartOf(config, before, after);
    const first = index === 0 ? shared : [];
    if (counterpart === undefined || isMoved(counterpart, config)) kept.push(...keepOptions(running, config, first));
    if (counterpart === undefined) return config;
    if (isMoved(counterpart, config)) {
      const moved = stay(counterpart, config);
      kept.push(...moved.kept);
      return moved.config;
    }
    const changed = keepOptions(counterpart, config, index === 0 ? fixed : PER_APP);
    // Its tokens would otherwise go to upstreams that were meant for those of another client.
    if (!isMain(config) && changed.some((option) => option.startsWith('provider.'))) {
      kept.push(...changed.map((option) => (PER_APP.includes(option) ? nameOf(config, option) : option)));
      return asRunning(counterpart, config);
    }
    kept.push(...changed.map((option) => (PER_APP.includes(option) ? nameOf(config, option) : option)));
    return config;
  });
  const [leader, ...others] = planned;
  for (const config of others) for (const option of SHARED_OPTIONS) if (leader) copyOption(leader, config, option);
  const { apps, kept: waiting } = withoutClashes(planned, before);
  return { config: withFormerSiblings(joinApps(apps) ?? running, before), kept: [...kept, ...waiting] };
}
