/** The route table: compiles the configured routes and matches request targets to them. */

import { GatewayError } from '../base/errors.ts';
import type { RouteConfig } from '../config/schema/schema.ts';
import { type CompiledRule, compileRules } from '../policy/rules.ts';
import { pathInterpretations } from './path-interpretations.ts';
import { isShortName, mayBeShortNameOf } from './short-names.ts';
import { parseTarget, type RequestTarget } from './target.ts';

/** A route with its rules compiled. */
export interface CompiledRoute {
  readonly config: RouteConfig;
  /** The path pattern as configured, below its origin if that is not the public one; a bounded label for logs and metrics. */
  readonly pattern: string;
  /** Position in the file, from 0. */
  readonly index: number;
  /** Accepted audiences of access tokens; empty when access tokens are not validated. */
  readonly audience: readonly string[];
  /** Returns the rules that apply to a method, in their order. */
  rulesForMethod(method: string): readonly CompiledRule[];
  /** The rule that applies to a request, by its context; undefined if no step after the rules depends on it. */
  readonly decided: WeakMap<object, CompiledRule> | undefined;
}

/** The result of a match; one object per route, so that a match allocates nothing. */
export interface RouteMatch {
  readonly route: CompiledRoute;
}

export interface RouteTable {
  readonly routes: readonly CompiledRoute[];
  /**
   * Returns the first route of an origin, by default the public one, in file order that matches. Throws `ambiguous_path` when another
   * interpretation of the path would match another route.
   */
  match(target: RequestTarget, origin?: string): RouteMatch | undefined;
  /**
   * Returns whether the route of an API of the origin matches any interpretation of the path (without a query), letter case ignored; true also
   * for a path that is refused.
   */
  mayServe(path: string, origin?: string): boolean;
}

interface Segment {
  readonly literal: string;
  readonly folded: string;
}
const ANY = Symbol('any single segment');
interface Entry {
  readonly match: RouteMatch;
  readonly segments: readonly (Segment | typeof ANY)[];
  /** Whether the pattern ends in `/**`. */
  readonly open: boolean;
}

/** Compiles the routes of the configuration; throws on a pattern with a segment that cannot match as written. */
export function compileRoutes(
  routes: readonly RouteConfig[],
  audience: readonly string[] = [],
  publicUrl = '',
): RouteTable {
  const all = routes.map((route, index) => compileRoute(route, index, audience, publicUrl));
  const byOrigin = Map.groupBy(all, ({ match }) => match.route.config.origin ?? publicUrl);
  const own = byOrigin.get(publicUrl) ?? [];
  const entriesAt = (origin: string | undefined) => (origin === undefined ? own : (byOrigin.get(origin) ?? []));
  return {
    routes: all.map((entry) => entry.match.route),
    match(target, origin) {
      const entries = entriesAt(origin);
      const entry = firstMatch(entries, target.segments);
      if (target.lenient === target.segments) return entry?.match;
      for (const segments of allInterpretations(entries, target.path)) {
        if (firstMatch(entries, segments) !== entry) {
          throw new GatewayError('ambiguous_path', { detail: 'interpretations of the path match different routes' });
        }
      }
      return entry?.match;
    },
    mayServe(path, origin) {
      const entries = entriesAt(origin);
      const apis = entries.filter(({ match }) => match.route.config.kind === 'api');
      return (
        !isWellFormed(path) ||
        allInterpretations(entries, path).some((segments) => apis.some((entry) => covers(entry, segments)))
      );
    },
  };
}

/** Also those in which segments are short names of literals of a route; they depend on the names that the routes have. */
function allInterpretations(entries: readonly Entry[], path: string): (readonly string[])[] {
  const interpretations = pathInterpretations(path);
  const lenient = interpretations.at(-1) ?? [];
  return lenient.some(isShortName) ? [...interpretations, ...longNames(entries, lenient)] : interpretations;
}

/** For each route with literals that the segments may abbreviate, the segments with these literals. */
function longNames(entries: readonly Entry[], segments: readonly string[]): (readonly string[])[] {
  return entries.flatMap(({ segments: pattern }) => {
    const names = pattern.map((expected, at) => {
      const segment = segments[at] ?? '';
      return expected !== ANY && mayBeShortNameOf(segment, expected.folded) ? expected.literal : segment;
    });
    const changed = names.some((name, at) => name !== (segments[at] ?? ''));
    return changed ? [[...names, ...segments.slice(names.length)]] : [];
  });
}

function isWellFormed(path: string): boolean {
  try {
    return parseTarget(path, '').query === '';
  } catch {
    return false;
  }
}

function compileRoute(
  config: RouteConfig,
  index: number,
  defaultAudience: readonly string[],
  publicUrl: string,
): Entry {
  const parts = config.path.slice(1).split('/');
  const open = parts.at(-1) === '**';
  if (open || parts.at(-1) === '') parts.pop();
  const segments = parts.map((part) => (part === '*' ? ANY : compileLiteral(part, config.path)));
  const audience = config.audience ?? defaultAudience;
  const { origin = publicUrl } = config;
  const pattern = origin === publicUrl ? config.path : origin + config.path;
  const hasLimits = config.rules.some(({ limits, maxBody }) => limits !== undefined || maxBody !== undefined);
  const decided = hasLimits ? new WeakMap<object, CompiledRule>() : undefined;
  const route = { config, pattern, index, audience, rulesForMethod: compileRules(config.rules), decided };
  return { match: { route }, segments, open };
}

function compileLiteral(part: string, path: string): Segment {
  let text: string | undefined;
  try {
    text = decodeURIComponent(part);
  } catch {
    // Reported below, with the pattern.
  }
  if (text === undefined || text === '' || text === '.' || text === '..' || /[*/\\]/.test(text)) {
    throw new Error(`route ${path}: invalid segment "${part}"; write a literal, * for one segment, or a final /**`);
  }
  return { literal: text, folded: text.toLowerCase() };
}

/**
 * Returns the first entry that matches. An upstream may ignore case (Express and ASP.NET do), so a path that matches an earlier
 * route except for its case is ambiguous, and must not fall through to a later route.
 */
function firstMatch(entries: readonly Entry[], segments: readonly string[]): Entry | undefined {
  const length = lengthOf(segments);
  let caseMatch: Entry | undefined;
  for (const entry of entries) {
    const comparison = compare(entry, segments, length);
    if (comparison === 'equal') {
      if (caseMatch && caseMatch.match.route.pattern.toLowerCase() !== entry.match.route.pattern.toLowerCase()) {
        throw new GatewayError('ambiguous_path', { detail: 'routes differ by the case of the path' });
      }
      return entry;
    }
    if (comparison === 'equal except for case') caseMatch ??= entry;
  }
  return undefined;
}

/** Returns the number of segments; a trailing slash makes no difference. */
function lengthOf(segments: readonly string[]): number {
  return segments.at(-1) === '' ? segments.length - 1 : segments.length;
}

function covers(entry: Entry, segments: readonly string[]): boolean {
  return compare(entry, segments, lengthOf(segments)) !== 'different';
}

function compare(
  entry: Entry,
  segments: readonly string[],
  length: number,
): 'equal' | 'equal except for case' | 'different' {
  const pattern = entry.segments;
  if (entry.open ? length < pattern.length : length !== pattern.length) return 'different';
  let exact = true;
  for (let at = 0; at < pattern.length; at += 1) {
    const expected = pattern[at];
    const segment = segments[at] ?? '';
    if (expected === undefined || segment === '') return 'different';
    if (expected === ANY || expected.literal === segment) continue;
    if (expected.literal.length !== segment.length || expected.folded !== segment.toLowerCase()) return 'different';
    exact = false;
  }
  return exact ? 'equal' : 'equal except for case';
}
