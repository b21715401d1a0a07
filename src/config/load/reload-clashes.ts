/** Keeps apps apart in a reload: an app that stays where it is may leave no room for what takes its place in the file. */
import { isDeepStrictEqual } from 'node:util';
import { clashFindings } from '../apps/clashes.ts';
import { SHARED_OPTIONS } from '../schema/app-options.ts';
import type { Config } from '../schema/schema.ts';
import { copyOption } from './copy-option.ts';

/** The running app, with the options that all apps share in the wanted configuration. */
export function asRunning(running: Config, wanted: Config): Config {
  const { apps: _further, ...own } = running;
  const config: Config = structuredClone(own);
  for (const option of SHARED_OPTIONS) copyOption(wanted, config, option);
  return config;
}

/** What an app claims of the addresses, paths and cookies that it could share with another one. */
const claimsOf = ({ app, publicUrl, allowedHosts, origins, endpoints, routes, session }: Config) => [
  [app.path, publicUrl, allowedHosts, origins, endpoints.prefix, session.cookie.name, session.cookie.sharedDomain],
  routes.map(({ path }) => path),
];

/** Apps whose claims are those of the running app come first, then other running apps, then new ones. */
function rankOf(config: Config, before: Config | undefined): number {
  if (before === undefined) return 2;
  return isDeepStrictEqual(claimsOf(config), claimsOf(before)) ? 0 : 1;
}

/**
 * The apps without clashes: a new app that clashes has to wait for a restart, and a running one stays as it is. It ends, since the
 * running apps do not clash with each other.
 */
export function withoutClashes(wanted: readonly Config[], running: readonly Config[]) {
  const kept: string[] = [];
  const runningOf = ({ app }: Config) => running.find((config) => config.app.tag === app.tag);
  let apps = [...wanted];
  for (;;) {
    const ordered = apps.map((config) => ({ app: config.app, config, rank: rankOf(config, runningOf(config)) }));
    ordered.sort((one, other) => one.rank - other.rank);
    const clashes = clashFindings(ordered);
    const clashing = ordered.find((entry) => (clashes.get(entry)?.length ?? 0) > 0);
    if (clashing === undefined) return { apps, kept };
    const { config, rank } = clashing;
    const before = rank === 1 ? runningOf(config) : undefined;
    kept.push(`apps.${config.app.id}`);
    apps = apps.flatMap((app) => (app !== config ? [app] : before ? [asRunning(before, app)] : []));
  }
}
