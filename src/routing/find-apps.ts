/** Finds the app that a request is for: by its Host and, where apps share an origin, by its path. */
import { isIPv4, isIPv6 } from 'node:net';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import { createPathChoice } from './path-choice.ts';
import { normalizeAuthority, type RequestTarget } from './target.ts';

/** What the edge reads of an app. */
export interface ServedApp {
  readonly config: Pick<Config, 'publicUrl' | 'allowedHosts'> &
    Partial<Pick<Config, 'origins'>> & { readonly app: Pick<Config['app'], 'id' | 'path'> };
}

/** The apps of one origin. */
export interface AppsOfOrigin<App> {
  /** Their `publicUrl`. */
  readonly origin: string;
  /** The authority of the origin, in lower case and without the default port. */
  readonly host: string;
  /** The app of a target. Throws `ambiguous_path` where a server could read the path as one of another app, or `not_found`. */
  appOf(target: RequestTarget): App;
}

/**
 * Returns the apps of a host. With an absolute-form target, Host must also agree with the public URL, and the target must not be on
 * another host that is served here. A health check of a load balancer (`isProbe`) may name an IP address, which no other site can make
 * a browser do for a name of its own; it gets the first app.
 */
export type FindApps<App> = (hosts: readonly string[], target: string, isProbe?: boolean) => AppsOfOrigin<App>;

/** The scheme of an origin, without the colon. */
export const schemeOf = (origin: string) => new URL(origin).protocol.slice(0, -1);

/** The apps of an origin, and the names of its host besides its own. */
interface OriginGroup<App> {
  readonly origin: string;
  readonly apps: readonly App[];
  readonly allowedHosts: readonly string[];
}

/** The apps of each public URL, in the order of their first app. */
function groupByPublicUrl<App extends ServedApp>(apps: readonly App[]): OriginGroup<App>[] {
  const groups = new Map<string, App[]>();
  for (const app of apps) groups.set(app.config.publicUrl, [...(groups.get(app.config.publicUrl) ?? []), app]);
  return [...groups].map(([origin, members]) => ({
    origin,
    apps: members,
    allowedHosts: members.flatMap(({ config }) => config.allowedHosts),
  }));
}

/** The further origins of each app. */
const furtherOrigins = <App extends ServedApp>(apps: readonly App[]): OriginGroup<App>[] =>
  apps.flatMap((app) => (app.config.origins ?? []).map((origin) => ({ origin, apps: [app], allowedHosts: [] })));

export interface AppsByHost<App> {
  /** The apps of every origin, in the order of their first app. */
  readonly all: readonly AppsOfOrigin<App>[];
  /** The apps of the origin to which a host leads; the port may be left out if it is the default one of the scheme. */
  ofHost(host: string): AppsOfOrigin<App> | undefined;
}

/**
 * Creates the tables from the authority to the apps, one for each scheme: it decides which port is left out. `withOrigins`: also
 * those of the further origins, which only a front proxy serves.
 */
export function createAppsByHost<App extends ServedApp>(
  apps: readonly App[],
  { withOrigins = false } = {},
): AppsByHost<App> {
  const tables = new Map<string, Map<string, AppsOfOrigin<App>>>();
  const groups = [...groupByPublicUrl(apps), ...(withOrigins ? furtherOrigins(apps) : [])];
  const all = groups.map((group) => {
    const { host } = new URL(group.origin);
    const scheme = schemeOf(group.origin);
    const found = { origin: group.origin, host, appOf: createPathChoice(group.apps) };
    const table = tables.get(scheme) ?? new Map<string, AppsOfOrigin<App>>();
    tables.set(scheme, table);
    for (const name of [host, ...group.allowedHosts]) table.set(normalizeAuthority(name, scheme), found);
    return found;
  });
  const entries = [...tables];
  return {
    all,
    ofHost(host) {
      for (const [scheme, table] of entries) {
        const found = table.get(normalizeAuthority(host, scheme));
        if (found) return found;
      }
      return undefined;
    },
  };
}

/**
 * Creates the function. Host must be sent exactly once and be an accepted host exactly: no suffix, no trailing dot, no other port.
 * RFC 9112 section 3.2: 400 when missing, repeated or malformed; RFC 9110 section 15.5.20: 421 for another host, never another app.
 */
export function createFindApps<App extends ServedApp>(apps: readonly App[]): FindApps<App> {
  const { all, ofHost } = createAppsByHost(apps);
  const [first] = all;

  return function findApps(hosts, target, isProbe = false) {
    const [value] = hosts;
    if (value === undefined || hosts.length > 1) throw refused('bad_request', `${hosts.length} Host fields`);
    if (!/^[A-Za-z0-9._:[\]-]+$/.test(value)) throw refused('bad_request', 'malformed Host');
    const found = ofHost(value) ?? (isProbe && isAddress(value) ? first : undefined);
    if (!found) throw refused('misdirected', 'Host is neither publicUrl nor in allowedHosts');
    // The target is compared with the public URL, so another Host contradicts it (RFC 9112 section 3.2.2).
    if (target.startsWith('/')) return found;
    const named = ofHost(authorityOf(target));
    if (normalizeAuthority(value, schemeOf(found.origin)) !== found.host || (named && named !== found))
      throw refused('bad_request', 'Host contradicts the absolute-form target');
    return found;
  };
}

/** The authority of an absolute-form target; empty for any other text. */
const authorityOf = (target: string) => /^[^:/?]+:\/\/([^/?]*)/.exec(target)?.[1] ?? '';

/** Whether a Host is an IP address, with or without a port. */
function isAddress(host: string): boolean {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(host)?.[1];
  return bracketed === undefined ? isIPv4(host.replace(/:\d{1,5}$/, '')) : isIPv6(bracketed);
}

function refused(code: 'bad_request' | 'misdirected', detail: string): GatewayError {
  return new GatewayError(code, { detail, headers: { connection: 'close' } });
}
