/** Chooses between the apps of one origin by the path below which each of them lies. */
import { GatewayError } from '../base/errors.ts';
import { pathInterpretations } from './path-interpretations.ts';
import { isShortName, mayBeName } from './short-names.ts';
import type { RequestTarget } from './target.ts';

interface AppBelowPath<App> {
  readonly app: App;
  readonly segments: readonly string[];
}

/** The metadata of the protected resource below a path are outside it (RFC 9728 section 3.1). */
const METADATA_FOLDER = ['.well-known', 'oauth-protected-resource'];

type Spelling = (segment: string) => string;
const exact: Spelling = (segment) => segment;
const folded: Spelling = (segment) => segment.toLowerCase();

/** Finds the app with the longest path that the segments begin with. */
function createLookup<App>(apps: readonly AppBelowPath<App>[], spelling: Spelling) {
  const byFirst = new Map<string, AppBelowPath<App>[]>();
  for (const entry of [...apps].sort((a, b) => b.segments.length - a.segments.length)) {
    const spelled = { ...entry, segments: entry.segments.map(spelling) };
    const [first = ''] = spelled.segments;
    byFirst.set(first, [...(byFirst.get(first) ?? []), spelled]);
  }
  return (segments: readonly string[]): App | undefined =>
    byFirst
      .get(spelling(segments[0] ?? ''))
      ?.find((entry) => entry.segments.every((segment, index) => spelling(segments[index] ?? '') === segment))?.app;
}

/**
 * Finds the app with the longest path that the segments may begin with, letter case ignored. Short names are compared with every path,
 * and are rare.
 */
function createLenientLookup<App>(apps: readonly AppBelowPath<App>[]) {
  const chooseFolded = createLookup(apps, folded);
  const named = apps
    .map(({ app, segments }) => ({ app, names: segments.map(folded) }))
    .sort((a, b) => b.names.length - a.names.length);
  return (segments: readonly string[]): App | undefined =>
    segments.some(isShortName)
      ? named.find(({ names }) => names.every((name, index) => mayBeName(segments[index] ?? '', name)))?.app
      : chooseFolded(segments);
}

/**
 * Creates the choice. No interpretation of a path, letter case ignored, may belong to another app: the upstream of one app would
 * then serve a request that the other one admitted. A path below none of the apps belongs to the app without a path.
 */
export function createPathChoice<App extends { config: { app: { path: string } } }>(
  apps: readonly App[],
): (target: Pick<RequestTarget, 'path' | 'segments' | 'lenient'>) => App {
  const below = apps.flatMap((app) => {
    const { path } = app.config.app;
    if (path === '') return [];
    const segments = path.slice(1).split('/');
    return [segments, [...METADATA_FOLDER, ...segments]].map((own) => ({ app, segments: own }));
  });
  const rest = apps.find(({ config }) => config.app.path === '');
  if (below.length === 0 && rest) return () => rest;
  const chooseExactly = createLookup(below, exact);
  const chooseLeniently = createLenientLookup(below);
  const withoutEmpty = (segments: readonly string[]) => segments.filter((segment) => segment !== '');

  return function choosePath({ path, segments, lenient }) {
    const chosen = chooseExactly(segments);
    const interpretations = lenient === segments ? [segments] : pathInterpretations(path);
    if (interpretations.some((interpretation) => chooseLeniently(withoutEmpty(interpretation)) !== chosen))
      throw new GatewayError('ambiguous_path', { detail: 'the path could belong to several apps' });
    const app = chosen ?? rest;
    if (!app) throw new GatewayError('not_found');
    return app;
  };
}
