/** Where an Apigee proxy sends a call: route rules, target endpoints, and the paths of conditions as patterns. */

import { BLOCKED_UPSTREAM, type DraftRoute, METHODS, type Target, variable } from '../draft/draft.ts';
import { covers, isLiteralPath, overlaps, type Pattern } from '../draft/patterns.ts';
import type { XmlElement } from '../draft/xml-tree.ts';
import { type ConditionCase, parseCondition } from './condition.ts';

/** The patterns of a case below the base path. Of a path that no pattern says, one that surely covers it. */
export function casePattern(base: string, { path }: ConditionCase): Pattern & { exact: boolean } {
  if (path === undefined) return { path: `${base}/**`, exact: true };
  const segments = path.split('/').filter((segment) => segment !== '');
  const known: string[] = [];
  for (const [at, segment] of segments.entries()) {
    const last = at === segments.length - 1;
    if (segment === '**' && last) return { path: `${base}/${[...known, '**'].join('/')}`, widened: true, exact: true };
    if (segment !== '*' && !isLiteralPath(`/${segment}`))
      return { path: `${base}/${[...known, '**'].join('/')}`, exact: false };
    known.push(segment);
  }
  // A slash at the end makes another path there, and no difference here.
  const whole = `${base}/${known.join('/')}`;
  return { path: known.length === 0 ? base || '/' : whole, widened: true, exact: true };
}

/** The address of a target endpoint; undefined when it does not stand in the bundle. */
export function targetUrl(endpoint: XmlElement | undefined): string | undefined {
  const connection = endpoint?.child('HTTPTargetConnection');
  const url = connection?.child('URL')?.text;
  if (url !== undefined) return /^https?:\/\/[^{}\s]+$/.test(url) ? url.replace(/\/$/, '') : undefined;
  const server = connection?.child('LoadBalancer')?.child('Server')?.attribute('name');
  const path = connection?.child('Path')?.text ?? '';
  // Target servers belong to the environment, so their address is a variable here.
  if (server === undefined || /[{}]/.test(path)) return undefined;
  return variable(`TARGET_${server.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`) + path.replace(/\/$/, '');
}

export interface Routing {
  /** Rules with a condition, in their order. */
  conditional: readonly { cases: readonly ConditionCase[]; target: Target | undefined }[];
  /** Of the rule without one. */
  target: Target | undefined;
}

/** The rules of a proxy endpoint; `targetOf` makes the target of an endpoint's name. */
export function parseRouting(proxy: XmlElement, targetOf: (name: string | undefined) => Target | undefined): Routing {
  const rules = proxy.childrenNamed('RouteRule').map((rule) => ({
    condition: rule.child('Condition')?.text ?? '',
    target: targetOf(rule.child('TargetEndpoint')?.text),
  }));
  const last = rules.findIndex(({ condition }) => condition === '');
  return {
    conditional: (last < 0 ? rules : rules.slice(0, last)).map(({ condition, target }) => ({
      cases: parseCondition(condition),
      target,
    })),
    target: last < 0 ? undefined : rules[last]?.target,
  };
}

const denyRoute = (route: DraftRoute): DraftRoute => ({
  ...route,
  access: 'denied',
  target: { upstream: BLOCKED_UPSTREAM },
});

/** What a route becomes when a rule sends some of its calls elsewhere. Where that cannot be said it is denied. */
function applyRouteRule(route: DraftRoute, base: string, one: ConditionCase, target: Target | undefined): DraftRoute[] {
  const pattern = casePattern(base, one);
  if (!overlaps(route.path, pattern.path)) return [route];
  const within = covers(pattern.path, route.path);
  const { methods, uncertain } = one;
  if (uncertain === true || !pattern.exact || !(within || covers(route.path, pattern.path))) return [denyRoute(route)];
  const elsewhere = methods === undefined && target !== undefined;
  if (!within) {
    const part = { ...route, path: pattern.path, loose: true };
    return [route, elsewhere ? { ...part, target } : denyRoute(part)];
  }
  if (methods === undefined) return [elsewhere ? { ...route, target } : denyRoute(route)];
  // One path has one target, so methods that go elsewhere are denied.
  const own = route.methods ?? METHODS;
  const rest = own.filter((method) => !methods.includes(method));
  const gone = own.filter((method) => methods.includes(method));
  return [
    ...(rest.length > 0
      ? [{ ...route, methods: rest, otherMethods: route.methods === undefined || route.otherMethods === true }]
      : []),
    ...(gone.length > 0 ? [{ ...denyRoute(route), methods: gone }] : []),
  ];
}

/** Lays the rules with a condition over the routes; the first that holds decides, so it is laid over last. */
export function applyRouteRules(routes: readonly DraftRoute[], base: string, { conditional }: Routing): DraftRoute[] {
  return [...conditional]
    .reverse()
    .flatMap(({ cases, target }) => cases.map((one) => ({ one, target })))
    .reduce<DraftRoute[]>(
      (sum, { one, target }) => sum.flatMap((route) => applyRouteRule(route, base, one, target)),
      [...routes],
    );
}
