/** Chooses the app that a request belongs to: by the host and path of its URL, as the gateway does. */
import { normalizeAuthority } from '../base/authority.ts';
import { authoritiesOf } from '../config/apps/authorities.ts';
import { appsOf } from '../config/schema/apps.ts';
import type { Config } from '../config/schema/schema.ts';
import { parseTarget } from '../routing/target.ts';

/** An absolute URL: its scheme, authority, and path with query. */
const ABSOLUTE = /^(https?):\/\/([^/?#]+)(.*)$/i;

/** The apps that share an origin, each with the URL below it. */
interface Candidates {
  readonly apps: readonly Config[];
  readonly path: string;
  /** Origin that the URL names, in the spelling of the configuration. */
  readonly origin: string | undefined;
  /** What was named, for messages. */
  readonly name: string;
}

function candidatesOf(config: Config, url: string): Candidates {
  const apps = appsOf(config);
  const [, scheme = '', host = '', rest = ''] = ABSOLUTE.exec(url) ?? [];
  if (host === '') {
    // Without a host the request is one of the app at the top, or of the only origin.
    const origins = new Set(apps.map(({ publicUrl }) => publicUrl));
    if (config.app.tag !== '' && origins.size > 1)
      throw new Error('there are several apps: give the whole URL of the request, such as https://HOST/path');
    return {
      apps: apps.filter(({ publicUrl }) => publicUrl === config.publicUrl),
      path: url,
      origin: undefined,
      name: config.publicUrl,
    };
  }
  const authority = normalizeAuthority(host, scheme.toLowerCase());
  const reached = apps.filter((app) => authoritiesOf(app).some((other) => other.authority === authority));
  const origin = `${scheme.toLowerCase()}://${authority}`;
  return { apps: reached, path: rest.startsWith('/') ? rest : `/${rest}`, origin, name: host };
}

const isBelow = (segments: readonly string[], path: string) =>
  path === '' ||
  path
    .slice(1)
    .split('/')
    .every((segment, index) => segments[index] === segment);

/**
 * The app, the path of the request with its query, and the origin if it is not that of `publicUrl`. Throws if no app has the host, or none of the host
 * has the path.
 */
export function chooseApp(config: Config, url: string): { app: Config; path: string; origin: string | undefined } {
  const { apps, path, origin, name } = candidatesOf(config, url);
  const [first] = apps;
  if (first === undefined) throw new Error(`no app has the host ${name}: 421 misdirected`);
  const { segments } = parseTarget(path, first.publicUrl);
  const [app] = apps
    .filter((candidate) => isBelow(segments, candidate.app.path))
    .sort((one, other) => other.app.path.length - one.app.path.length);
  if (app === undefined) throw new Error(`no app of ${name} has the path ${path}`);
  return { app, path, origin: app.origins.find((further) => further === origin) };
}
