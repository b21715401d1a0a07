/** Checks that no two apps claim the same identifier, address or cookie. */
import { sessionCookieName } from '../schema/apps.ts';
import type { Config } from '../schema/schema.ts';
import type { Finding } from '../validate/faults.ts';
import { isBelowDomain } from '../validate/origins.ts';
import { authoritiesOf, cookieHostsOf, hostOf } from './authorities.ts';
import type { CheckedApp, Report, ValidApp } from './checked-app.ts';
import { sharedPathFindings } from './shared-paths.ts';

const isValid = (app: CheckedApp): app is ValidApp => app.config !== undefined;

function checkIds(apps: readonly CheckedApp[], report: Report): void {
  const known = new Set<string>();
  for (const app of apps) {
    if (known.has(app.app.id))
      report(app, {
        path: ['id'],
        message: app.app.id === 'main' ? 'main is the app at the top of the file' : 'another app has this id',
        hint: 'write an id that no other app has',
      });
    known.add(app.app.id);
  }
}

/** An authority leads to one origin. The apps of an origin may share it: their paths tell them apart. */
function checkAuthorities(apps: readonly ValidApp[], report: Report): void {
  const owners = new Map<string, ValidApp>();
  for (const app of apps)
    for (const { authority, path } of authoritiesOf(app.config)) {
      const owner = owners.get(authority);
      if (owner === undefined) owners.set(authority, app);
      else if (owner.config.publicUrl !== app.config.publicUrl)
        report(app, { path, message: `${authority} already leads to the app ${owner.app.id}` });
    }
}

/** Groups of more than one app. */
function groupsOf(apps: readonly ValidApp[], keyOf: (config: Config) => string): ValidApp[][] {
  const groups = new Map<string, ValidApp[]>();
  for (const app of apps) {
    const key = keyOf(app.config);
    const group = groups.get(key);
    if (group) group.push(app);
    else groups.set(key, [app]);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

/** The name as upstreams and browsers may compare it: without `__Host-` and in lower case. */
const cookieName = (config: Config) =>
  sessionCookieName(config)
    .toLowerCase()
    .replace(/^__(?:host|secure)-/, '');

/** Whether a cookie of one app could be taken for one of another: a session, a sign-in or a sign-out. */
function cookiesClash(first: string, second: string): boolean {
  const [short = '', long = ''] = [first, second].sort((a, b) => a.length - b.length);
  return `${long}-login-`.startsWith(`${short}-login-`) || [`${short}-logout`, `${short}-arrived`].includes(long);
}

/** Whether two apps claim one place or one authority, which has a finding of its own. */
function isSamePlace(first: Config, second: Config): boolean {
  if (first.publicUrl === second.publicUrl) return first.app.path.toLowerCase() === second.app.path.toLowerCase();
  const authorities = new Set(authoritiesOf(first).map(({ authority }) => authority));
  return authoritiesOf(second).some(({ authority }) => authorities.has(authority));
}

function checkCookies(apps: readonly ValidApp[], report: Report): void {
  const byHost = new Map<string, ValidApp[]>();
  for (const app of apps) {
    const hosts = [...cookieHostsOf(app.config)];
    const other = hosts
      .flatMap((host) => byHost.get(host) ?? [])
      .find(
        ({ config }) => !isSamePlace(config, app.config) && cookiesClash(cookieName(config), cookieName(app.config)),
      );
    if (other !== undefined)
      report(app, {
        path: ['session', 'cookie', 'name'],
        message: `the cookies of this app and of the app ${other.app.id}, on the same host, have the same names`,
        hint: 'set session.cookie.name of each',
      });
    for (const host of hosts) byHost.set(host, [...(byHost.get(host) ?? []), app]);
  }
}

/** A cookie for a whole domain would reach the other apps below it, and they could plant one. */
function checkSharedDomains(apps: readonly ValidApp[], report: Report): void {
  const reaches = ({ config }: ValidApp, other: ValidApp) => {
    const { sharedDomain } = config.session.cookie;
    if (sharedDomain === undefined) return undefined;
    // Browsers send the cookie to aliases too, and the app would pass it on to its upstreams.
    return authoritiesOf(other.config).find(({ authority }) => isBelowDomain(hostOf(authority), sharedDomain));
  };
  for (const [index, app] of apps.entries())
    for (const other of apps.slice(0, index)) {
      const [below, above] = [reaches(app, other), reaches(other, app)];
      if (below !== undefined)
        report(app, {
          path: ['session', 'cookie', 'sharedDomain'],
          message: `lies above ${below.authority} of the app ${other.app.id}, which would get the sessions of this app`,
        });
      else if (above !== undefined)
        report(app, {
          path: above.path,
          message: `lies below session.cookie.sharedDomain of the app ${other.app.id}: this app would get its sessions`,
        });
    }
}

/** Findings about each app that concern another one as well; they are told at the later of the two. */
export function clashFindings(apps: readonly CheckedApp[]): ReadonlyMap<CheckedApp, readonly Finding[]> {
  const found = new Map<CheckedApp, Finding[]>(apps.map((app) => [app, []]));
  const report: Report = (app, finding) => void found.get(app)?.push(finding);
  const valid = apps.filter(isValid);
  checkIds(apps, report);
  checkAuthorities(valid, report);
  for (const group of groupsOf(valid, ({ publicUrl }) => publicUrl)) sharedPathFindings(group, report);
  checkCookies(valid, report);
  checkSharedDomains(valid, report);
  return found;
}
