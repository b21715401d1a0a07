/** Translates the routing of an Apigee proxy: route rules, target endpoints, and the paths of conditions. */

import { BLOCKED_UPSTREAM, type DraftRoute, METHODS, type Target, variable } from '../draft/draft.ts';
import { covers, isLiteralPath, overlaps, type Pattern } from '../draft/patterns.ts';
import type { XmlElement } from '../draft/xml-tree.ts';
import { type ConditionCase, parseCondition } from './condition.ts';

/** The pattern of a case below the base path. If none is equivalent, a pattern that covers it, with `exact` false. */
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
  // Apigee distinguishes a path with a trailing slash, the gateway does not.
  const whole = `${base}/${known.join('/')}`;
  return { path: known.length === 0 ? base || '/' : whole, widened: true, exact: true };
}

/** The URL of a target endpoint; undefined when the bundle does not contain it. */
export function targetUrl(endpoint: XmlElement | undefined): string | undefined {
  const connection = endpoint?.child('HTTPTargetConnection');
  const url = connection?.child('URL')?.text;
  if (url !== undefined) return /^https?:\/\/[^{}\s]+$/.test(url) ? url.replace(/\/$/, '') : undefined;
  const server = connection?.child('LoadBalancer')?.child('Server')?.attribute('name');
  const path = connection?.child('Path')?.text ?? '';
  // Target servers are configured in the Apigee environment, so their URL becomes a variable.
  if (server === undefined || /[{}]/.test(path)) return undefined;
  return variable(`TARGET_${server.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`) + path.replace(/\/$/, '');
}

export interface Routing {
  /** Rules with a condition, in order. */
  conditional: readonly { cases: readonly ConditionCase[]; target: Target | undefined }[];
  /** Target of the rule without a condition. */
  target: Target | undefined;
}

/** The route rules of a proxy endpoint; `targetOf` returns the target of a target endpoint by name. */
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

/** Applies a route rule that sends some requests of a route to another target; denies the route where that cannot be expressed. */
function applyRouteRule(
  route: DraftRoute,
  base: string,
  condition: ConditionCase,
  target: Target | undefined,
): DraftRoute[] {
  const pattern = casePattern(base, condition);
  if (!overlaps(route.path, pattern.path)) return [route];
  const coversRoute = covers(pattern.path, route.path);
  const { methods, uncertain } = condition;
  if (uncertain === true || !pattern.exact || !(coversRoute || covers(route.path, pattern.path)))
    return [denyRoute(route)];
  const redirects = methods === undefined && target !== undefined;
  if (!coversRoute) {
    const part = { ...route, path: pattern.path, widened: true };
    return [route, redirects ? { ...part, target } : denyRoute(part)];
  }
  if (methods === undefined) return [redirects ? { ...route, target } : denyRoute(route)];
  // A path has one target, so methods with another target are denied.
  const own = route.methods ?? METHODS;
  const rest = own.filter((method) => !methods.includes(method));
  const redirected = own.filter((method) => methods.includes(method));
  return [
    ...(rest.length > 0
      ? [{ ...route, methods: rest, otherMethods: route.methods === undefined || route.otherMethods === true }]
      : []),
    ...(redirected.length > 0 ? [{ ...denyRoute(route), methods: redirected }] : []),
  ];
}

/** Applies the rules with a condition. The first rule that matches decides, so it is applied last. */
export function applyRouteRules(routes: readonly DraftRoute[], base: string, { conditional }: Routing): DraftRoute[] {
  return [...conditional]
    .reverse()
    .flatMap(({ cases, target }) => cases.map((one) => ({ one, target })))
    .reduce<DraftRoute[]>(
      (sum, { one, target }) => sum.flatMap((route) => applyRouteRule(route, base, one, target)),
      [...routes],
    );
}
