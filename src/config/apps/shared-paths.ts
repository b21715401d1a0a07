/** Checks the apps of one origin: each has a path of its own, and no path takes what belongs to another app. */
import { isAtPublicUrl } from '../schema/asked-routes.ts';
import { reservedPaths } from '../schema/endpoints.ts';
import type { Finding } from '../validate/faults.ts';
import type { Report, ValidApp } from './checked-app.ts';

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** A path or pattern as a lenient server may read it: decoded and in lower case. */
const lenient = (path: string) => path.split('/').map(decoded).join('/').toLowerCase();

/** An app of an origin with its paths. */
interface Sharer {
  readonly app: ValidApp;
  readonly path: string;
  /** Paths and patterns that belong to the app, and what each is. */
  readonly owned: readonly { readonly path: string; readonly name: string }[];
}

function sharerOf(app: ValidApp): Sharer {
  const { config } = app;
  const path = lenient(config.app.path);
  const owned = [
    ...(path === '' ? [] : [{ path, name: `path ${config.app.path}` }]),
    ...config.routes
      .filter((route) => isAtPublicUrl(route, config))
      .map((route) => ({ path: lenient(route.path), name: `route ${route.path}` })),
    ...reservedPaths(config).map((endpoint) => ({ path: lenient(endpoint), name: `endpoint ${endpoint}` })),
  ];
  return { app, path, owned };
}

function samePathFinding({ app }: Sharer, other: ValidApp): Finding {
  const { path } = app.config.app;
  const { id } = other.app;
  if (path === '') return { path: ['publicUrl'], message: `the app ${id} has this publicUrl, and neither has a path` };
  const isEqual = path === other.config.app.path;
  const message = isEqual ? 'has this publicUrl and path' : 'has this path but for the case of its letters';
  return { path: ['path'], message: `the app ${id} ${message}` };
}

/** The finding about an app whose path takes something from another app; a path without wildcard matches all that begins with it. */
function takingFinding({ path }: Sharer, { app, owned }: Sharer): Finding | undefined {
  if (path === '') return undefined;
  const taken = owned.find((other) => other.path === path || other.path.startsWith(`${path}/`));
  return taken && { path: ['path'], message: `covers the ${taken.name} of the app ${app.app.id}, on the same origin` };
}

/** Reports what the apps of one origin take from each other. */
export function sharedPathFindings(apps: readonly ValidApp[], report: Report): void {
  const sharers = apps.map(sharerOf);
  for (const [index, sharer] of sharers.entries())
    for (const [at, other] of sharers.entries()) {
      if (at === index) continue;
      const isSame = sharer.path === other.path;
      const finding = isSame ? at < index && samePathFinding(sharer, other.app) : takingFinding(sharer, other);
      if (finding) report(sharer.app, finding);
    }
}
