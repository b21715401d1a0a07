/** The route table: which configured route a path belongs to. */
import type { RouteConfig } from '../config/schema.ts';
import { readings } from '../edge/readings.ts';
import type { RequestTarget } from '../edge/target.ts';
import { GatewayError } from '../errors.ts';

/** A route with its path pattern taken apart. */
export interface CompiledRoute {
  readonly config: RouteConfig;
  /** The pattern as configured; a bounded label for logs and metrics. */
  readonly pattern: string;
  /** Place in the file, from 0. */
  readonly index: number;
}

export interface RouteTable {
  readonly routes: readonly CompiledRoute[];
  /** The first route in file order whose pattern fits; throws `ambiguous_path` when it depends on how one reads the path. */
  match(target: RequestTarget): { readonly route: CompiledRoute } | undefined;
}

interface Segment {
  readonly literal: string;
  readonly folded: string;
}
const ANY = Symbol('any one segment');
interface Entry {
  readonly hit: { readonly route: CompiledRoute };
  readonly segments: readonly (Segment | typeof ANY)[];
  /** The pattern ends in `/**`. */
  readonly open: boolean;
}

/** Compiles the routes of the configuration; throws on a pattern that could never match what it seems to say. */
export function compileRoutes(routes: readonly RouteConfig[]): RouteTable {
  const entries = routes.map(compile);
  return {
    routes: entries.map((entry) => entry.hit.route),
    match(target) {
      const chosen = first(entries, target.segments);
      if (target.lenient === target.segments) return chosen?.hit;
      for (const reading of readings(target.path)) {
        if (first(entries, reading) !== chosen) {
          throw new GatewayError('ambiguous_path', { detail: 'routes differ by the reading of the path' });
        }
      }
      return chosen?.hit;
    },
  };
}

function compile(config: RouteConfig, index: number): Entry {
  const parts = config.path.slice(1).split('/');
  const open = parts.at(-1) === '**';
  if (open || parts.at(-1) === '') parts.pop();
  const segments = parts.map((part) => (part === '*' ? ANY : literal(part, config.path)));
  return { hit: { route: { config, pattern: config.path, index } }, segments, open };
}

function literal(part: string, path: string): Segment {
  let text: string | undefined;
  try {
    text = decodeURIComponent(part);
  } catch {
    // Told below, with the pattern.
  }
  if (text === undefined || text === '' || text === '.' || text === '..' || /[*/\\]/.test(text)) {
    throw new Error(`route ${path}: "${part}" is no segment; write a literal, * for one segment, or a final /**`);
  }
  return { literal: text, folded: text.toLowerCase() };
}

/**
 * The first entry that fits. An upstream may ignore case (Express and ASP.NET do): a path that would belong to an earlier
 * route by its letters but not by their case must not slip through to a later one.
 */
function first(entries: readonly Entry[], segments: readonly string[]): Entry | undefined {
  // A trailing slash makes no difference.
  const length = segments.at(-1) === '' ? segments.length - 1 : segments.length;
  let shadow: Entry | undefined;
  for (const entry of entries) {
    const fit = fits(entry, segments, length);
    if (fit === 'exactly') {
      if (shadow && shadow.hit.route.pattern.toLowerCase() !== entry.hit.route.pattern.toLowerCase()) {
        throw new GatewayError('ambiguous_path', { detail: 'routes differ by the case of the path' });
      }
      return entry;
    }
    if (fit === 'but for case') shadow ??= entry;
  }
  return undefined;
}

function fits(entry: Entry, segments: readonly string[], length: number): 'exactly' | 'but for case' | 'not' {
  const expected = entry.segments;
  if (entry.open ? length < expected.length : length !== expected.length) return 'not';
  let exact = true;
  for (let at = 0; at < expected.length; at += 1) {
    const want = expected[at];
    const have = segments[at] ?? '';
    if (want === undefined || have === '') return 'not';
    if (want === ANY || want.literal === have) continue;
    if (want.literal.length !== have.length || want.folded !== have.toLowerCase()) return 'not';
    exact = false;
  }
  return exact ? 'exactly' : 'but for case';
}
