/** Chooses the application that a front proxy asks about: the hosts that it names are keys of a table, and nothing else. */
import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { Pages } from '../../responses/pages.ts';
import { createAppsByHost, type ServedApp, schemeOf } from '../../routing/find-apps.ts';
import { normalizeAuthority, parseTarget, type RequestTarget } from '../../routing/target.ts';
import type { ForwardedHeaders } from './verify.ts';

/** What the listener uses of an application. */
export interface AskedApp {
  readonly config: Config;
  readonly pages: Pages;
  /** Headers for a front proxy that asks for a decision about a request to `origin`; rejects as a proxied request would be refused. */
  verify(context: RequestContext, origin: string): Promise<ForwardedHeaders>;
}

/** An application, its origin as configured, and the target there. */
export interface ChosenApp<App> {
  readonly app: App;
  readonly origin: string;
  readonly target: RequestTarget;
}

/** The applications that front proxies may ask about. */
export interface AskedApps<App> {
  /** The only application; undefined if there are several. */
  readonly only: App | undefined;
  /** Returns the application of a target at these hosts. Throws if the hosts disagree, and `no_app` if no application is there. */
  choose(hosts: readonly string[], rawTarget: string): ChosenApp<App>;
}

/** Creates the choice among all applications of a gateway. */
export function createAskedApps<App extends ServedApp>(apps: readonly App[]): AskedApps<App> {
  const { all, ofHost } = createAppsByHost(apps, { withOrigins: true });
  const [only] = apps.length === 1 ? apps : [];
  const [onlyOrigin] = all.length === 1 && only !== undefined ? all : [];
  return {
    only,
    choose(hosts, rawTarget) {
      const { origin, appOf } = chooseApp(hosts, ofHost, onlyOrigin);
      const target = parseTarget(rawTarget, origin);
      return { app: appAt(target, appOf), origin, target };
    },
  };
}

const noApp = (detail: string) => new GatewayError('access_denied', { reason: 'no_app', detail });

/** The application at a path. nginx would report any refusal but 401 and 403 as an error of its own. */
function appAt<App>(target: RequestTarget, appOf: (target: RequestTarget) => App): App {
  try {
    return appOf(target);
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'not_found')
      throw noApp('no application is at the path asked about');
    throw error;
  }
}

/**
 * Returns what is found at the hosts that a front proxy names; `only` if it names none. Throws if the hosts disagree, and `no_app`
 * if no application is there: a host never selects an application that is merely similar, or the first one.
 */
export function chooseApp<Entry extends { readonly origin: string }>(
  hosts: readonly string[],
  find: (host: string) => Entry | undefined,
  only?: Entry,
): Entry {
  const found = hosts.map((host) => ({ host, entry: find(host) }));
  const names = new Set(
    found.map(({ host, entry }) => normalizeAuthority(host, entry === undefined ? '' : schemeOf(entry.origin))),
  );
  // Two names of one application disagree as well: the front proxy cannot have received both.
  if (names.size > 1) throw new GatewayError('bad_request', { detail: 'the headers name different hosts' });
  const entry = hosts.length === 0 ? only : found[0]?.entry;
  if (entry === undefined) throw noApp('no application is at the host asked about');
  return entry;
}
