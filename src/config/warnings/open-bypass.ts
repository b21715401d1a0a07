/** The warning about a route without a token that leads to what another route protects, under another public path. */

import { parseRewrite } from '../changes/rewrite.ts';
import { forwardedRoutes } from '../schema/asked-routes.ts';
import type { RouteConfig, RuleConfig } from '../schema/schema.ts';
import { baseUrl, targetUrls } from '../traffic/upstream-targets.ts';
import { covers } from '../validate/routes.ts';
import { shareServer } from './addresses.ts';
import type { Combination } from './warning.ts';

type Segments = readonly string[];

/** A route with the paths of its upstream. `prefix` of a public path is replaced with `base`. */
interface Target {
  readonly route: RouteConfig;
  readonly servers: readonly URL[];
  readonly prefix: Segments;
  readonly base: Segments;
  /** Pattern of the paths at the upstream. */
  readonly pattern: Segments;
  /** Public patterns of the routes before this one, which take their paths. */
  readonly earlier: readonly string[];
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The segments of a path or pattern, decoded and without case: an upstream may ignore both differences. */
const segmentsOf = (path: string): Segments =>
  path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => decode(segment).toLowerCase());

const textOf = (segments: Segments) => `/${segments.join('/')}`;

/** The pattern of the paths that a template leads to. */
const rewritten = (template: string): Segments =>
  parseRewrite(template).flatMap((part) => {
    if ('literal' in part) return segmentsOf(part.literal);
    return 'rest' in part ? ['**'] : ['*'];
  });

/** The public pattern of a pattern at the upstream, as far as the template tells; otherwise the whole path of the route. */
function publicSegments({ route: { path, rewrite }, prefix, base }: Target, pattern: Segments): Segments {
  if (rewrite === undefined) return [...prefix, ...pattern.slice(base.length)];
  const template = parseRewrite(rewrite);
  const below = pattern.slice(base.length);
  let number = 0;
  return segmentsOf(path).flatMap((segment) => {
    if (segment === '*') number += 1;
    const at = template.findIndex((part) =>
      segment === '**' ? 'rest' in part : segment === '*' && 'wildcard' in part && part.wildcard === number,
    );
    if (at < 0 || below.slice(0, at).includes('**')) return [segment];
    return segment === '**' ? below.slice(at) : [below[at] === '**' ? '*' : (below[at] ?? '*')];
  });
}

function targetsOf(routes: readonly RouteConfig[]): Target[] {
  const paths = routes.map(({ path }) => textOf(segmentsOf(path)));
  return routes.map((route, index) => {
    const { path, stripPrefix = '' } = route;
    const servers = targetUrls(route.upstream).map((url) => new URL(url));
    const base = segmentsOf(new URL(baseUrl(route.upstream)).pathname);
    const own = route.rewrite === undefined ? segmentsOf(path.slice(stripPrefix.length)) : rewritten(route.rewrite);
    const pattern = [...base, ...own];
    return { route, servers, prefix: segmentsOf(stripPrefix), base, pattern, earlier: paths.slice(0, index) };
  });
}

/** The pattern of the paths that match both patterns; undefined if there are none. */
function intersectionOf(first: Segments, second: Segments): Segments | undefined {
  const common: string[] = [];
  for (let at = 0; ; at += 1) {
    const one = first[at];
    const other = second[at];
    if (one === '**') return [...common, ...second.slice(at)];
    if (other === '**') return [...common, ...first.slice(at)];
    if (one === undefined || other === undefined) return one === other ? common : undefined;
    if (one !== '*' && other !== '*' && one !== other) return undefined;
    common.push(one === '*' ? other : one);
  }
}

/** Whether paths of the upstream are reached through this route, and not taken by an earlier one under their public path. */
function reaches(target: Target, pattern: Segments): boolean {
  const publicPattern = textOf(publicSegments(target, pattern));
  return !target.earlier.some((path) => covers(path, publicPattern));
}

/** Whether clients without a token are admitted; undefined if no rule allows the method. */
function admitsGuests({ rules }: RouteConfig, method: string): boolean | undefined {
  const applicable = rules.filter(({ methods }) => methods?.some((name) => name === method) ?? true);
  const isForGuests = ({ token }: RuleConfig) => token === 'none' || token === 'user-or-none';
  return applicable.length === 0 ? undefined : applicable.some(isForGuests);
}

/** Whether one route admits without a token a method for which the other one requires it. */
function isMoreOpen(open: RouteConfig, guarded: RouteConfig): boolean {
  const named = [open, guarded].flatMap(({ rules }) => rules.flatMap(({ methods = [] }): string[] => methods));
  // OPTIONS is left out: preflights carry no token, so a rule for them says nothing about the data of a route.
  const methods = ['any other', ...named.filter((method) => method !== 'OPTIONS')];
  return methods.some((method) => admitsGuests(open, method) && admitsGuests(guarded, method) === false);
}

function bypasses(open: Target, guarded: Target): boolean {
  if (!isMoreOpen(open.route, guarded.route) || !shareServer(open.servers, guarded.servers)) return false;
  const common = intersectionOf(open.pattern, guarded.pattern);
  // Where both routes give these paths the same public path, the earlier route takes it, so one of them is not reached.
  return common !== undefined && reaches(open, common) && reaches(guarded, common);
}

export const openBypass: Combination = {
  id: 'route-open-bypass',
  when: 'a route that needs no token leads to paths of an upstream for which another route requires one, by `stripPrefix`, `rewrite` or the path of `upstream`',
  hint: 'narrow the path of the open route, or give it the same rules',
  find({ config }) {
    const targets = targetsOf(forwardedRoutes(config));
    return targets.flatMap((open) =>
      targets
        .filter((guarded) => bypasses(open, guarded))
        .map(({ route: { path } }) => `the open route ${open.route.path} leads to what route ${path} protects`),
    );
  },
};
