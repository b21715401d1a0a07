/** Chooses the application that a front proxy asks about: the hosts that it names are keys of a table, and nothing else. */
import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import { normalizeAuthority } from '../../routing/target.ts';

/** An application, and its origin as configured. */
export interface AskedApp<App> {
  readonly origin: string;
  readonly app: App;
}

/** Returns the application at a host (with its port, unless it is the default one), as some header names it. */
export type FindApp<App> = (host: string) => AskedApp<App> | undefined;

/** Creates the lookup among the hosts of one application. Each host has an entry of its own. */
export function findAmongHostsOf<App>(
  { publicUrl, allowedHosts }: Pick<Config, 'publicUrl' | 'allowedHosts'>,
  app: App,
): FindApp<App> {
  const { protocol, host } = new URL(publicUrl);
  const scheme = protocol.slice(0, -1);
  const entries = new Map(
    [host, ...allowedHosts].map((name) => [normalizeAuthority(name, scheme), { origin: publicUrl, app }]),
  );
  return (name) => entries.get(normalizeAuthority(name, scheme));
}

/**
 * Returns the application at the hosts that a front proxy names; `only` if it names none. Throws if the hosts disagree, and
 * `no_app` if no application is there: a host never selects an application that is merely similar, or the first one.
 */
export function chooseApp<App>(hosts: readonly string[], find: FindApp<App>, only?: AskedApp<App>): AskedApp<App> {
  const names = new Set(hosts.map((host) => host.toLowerCase()));
  const found = new Set([...names].map(find));
  if (found.size > 1 || (names.size > 1 && found.has(undefined)))
    throw new GatewayError('bad_request', { detail: 'the headers name different hosts' });
  const [entry] = names.size === 0 ? [only] : found;
  if (entry === undefined)
    throw new GatewayError('access_denied', { reason: 'no_app', detail: 'no application is at the host asked about' });
  return entry;
}
