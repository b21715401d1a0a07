/** The route table: which configured route a path belongs to. */

import { GatewayError } from '../base/errors.ts';
import type { RouteConfig } from '../config/schema/schema.ts';
import { type CompiledRule, compileRule, rulesForMethod } from '../policy/rules.ts';
import { pathInterpretations } from './path-interpretations.ts';
import { parseTarget, type RequestTarget } from './target.ts';

/** A route with its path pattern taken apart. */
export interface CompiledRoute {
  readonly config: RouteConfig;
  /** The pattern as configured; a bounded label for logs and metrics. */
  readonly pattern: string;
  /** Place in the file, from 0. */
  readonly index: number;
  /** What access tokens must be meant for: one of these; empty where they are not looked into. */
  readonly audience: readonly string[];
  /** Returns the rules that apply to a method, in their order. */
  rulesForMethod(method: string): readonly CompiledRule[];
}

export interface RouteTable {
  readonly routes: readonly CompiledRoute[];
  /** The first route in file order whose pattern fits; throws `ambiguous_path` when it depends on how one reads the path. */
  match(target: RequestTarget): { readonly route: CompiledRoute } | undefined;
  /** Whether any server could read the path (without a query) as one of a route, letter case included; true for a path that is refused. */
  mayServe(path: string): boolean;
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
export function compileRoutes(routes: readonly RouteConfig[], audience: readonly string[] = []): RouteTable {
  const entries = routes.map((route, index) => compile(route, index, audience));
  return {
    routes: entries.map((entry) => entry.hit.route),
    match(target) {
      const chosen = first(entries, target.segments);
      if (target.lenient === target.segments) return chosen?.hit;
      for (const reading of pathInterpretations(target.path)) {
        if (first(entries, reading) !== chosen) {
          throw new GatewayError('ambiguous_path', { detail: 'routes differ by the reading of the path' });
        }
      }
      return chosen?.hit;
    },
    mayServe(path) {
      return (
        !isWellFormed(path) ||
        pathInterpretations(path).some((segments) => entries.some((entry) => covers(entry, segments)))
      );
    },
  };
}

function isWellFormed(path: string): boolean {
  try {
    return parseTarget(path, '').query === '';
  } catch {
    return false;
  }
}

/** Compiles the rules and groups them by method. */
function compileRules(config: RouteConfig): CompiledRoute['rulesForMethod'] {
  const rules = config.rules.map((rule) => compileRule(rule));
  const methods = rules.flatMap((rule): string[] => rule.methods ?? []);
  const table = new Map(methods.map((method) => [method, rulesForMethod({ rules }, method)]));
  const others = rules.filter((rule) => rule.methods === undefined);
  return (method) => table.get(method) ?? others;
}

function compile(config: RouteConfig, index: number, fallback: readonly string[]): Entry {
  const parts = config.path.slice(1).split('/');
  const open = parts.at(-1) === '**';
  if (open || parts.at(-1) === '') parts.pop();
  const segments = parts.map((part) => (part === '*' ? ANY : literal(part, config.path)));
  const audience = config.audience ?? fallback;
  const route = { config, pattern: config.path, index, audience, rulesForMethod: compileRules(config) };
  return { hit: { route }, segments, open };
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
  const length = lengthOf(segments);
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

/** The number of segments; a trailing slash makes no difference. */
function lengthOf(segments: readonly string[]): number {
  return segments.at(-1) === '' ? segments.length - 1 : segments.length;
}

function covers(entry: Entry, segments: readonly string[]): boolean {
  return fits(entry, segments, lengthOf(segments)) !== 'not';
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
