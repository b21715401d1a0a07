/** Where an Apigee proxy sends a call: route rules, target endpoints, and the paths of conditions as patterns. */

import { type DraftRoute, fromEnv, METHODS, NOWHERE, type Target } from '../draft/draft.ts';
import { covers, isPlain, overlap, type Pattern } from '../draft/patterns.ts';
import type { Xml } from '../draft/xml-tree.ts';
import { type Case, casesOf } from './condition.ts';

/** The patterns of a case below the base path. Of a path that no pattern says, one that surely covers it. */
export function patternOf(base: string, { path }: Case): Pattern & { exact: boolean } {
  if (path === undefined) return { path: `${base}/**`, exact: true };
  const segments = path.split('/').filter((segment) => segment !== '');
  const known: string[] = [];
  for (const [at, segment] of segments.entries()) {
    const last = at === segments.length - 1;
    if (segment === '**' && last) return { path: `${base}/${[...known, '**'].join('/')}`, loose: true, exact: true };
    if (segment !== '*' && !isPlain(`/${segment}`))
      return { path: `${base}/${[...known, '**'].join('/')}`, exact: false };
    known.push(segment);
  }
  // A slash at the end makes another path there, and no difference here.
  const whole = `${base}/${known.join('/')}`;
  return { path: known.length === 0 ? base || '/' : whole, loose: true, exact: true };
}

/** The address of a target endpoint; undefined when it does not stand in the bundle. */
export function addressOf(endpoint: Xml | undefined): string | undefined {
  const connection = endpoint?.child('HTTPTargetConnection');
  const url = connection?.child('URL')?.text;
  if (url !== undefined) return /^https?:\/\/[^{}\s]+$/.test(url) ? url.replace(/\/$/, '') : undefined;
  const server = connection?.child('LoadBalancer')?.child('Server')?.attribute('name');
  const path = connection?.child('Path')?.text ?? '';
  // Target servers belong to the environment, so their address is a variable here.
  if (server === undefined || /[{}]/.test(path)) return undefined;
  return fromEnv(`TARGET_${server.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`) + path.replace(/\/$/, '');
}

export interface Routing {
  /** Rules with a condition, in their order. */
  conditional: readonly { cases: readonly Case[]; target: Target | undefined }[];
  /** Of the rule without one. */
  target: Target | undefined;
}

/** The rules of a proxy endpoint; `targetOf` makes the target of an endpoint's name. */
export function routingOf(proxy: Xml, targetOf: (name: string | undefined) => Target | undefined): Routing {
  const rules = proxy.all('RouteRule').map((rule) => ({
    condition: rule.child('Condition')?.text ?? '',
    target: targetOf(rule.child('TargetEndpoint')?.text),
  }));
  const last = rules.findIndex(({ condition }) => condition === '');
  return {
    conditional: (last < 0 ? rules : rules.slice(0, last)).map(({ condition, target }) => ({
      cases: casesOf(condition),
      target,
    })),
    target: last < 0 ? undefined : rules[last]?.target,
  };
}

const denied = (route: DraftRoute): DraftRoute => ({ ...route, access: 'denied', target: { upstream: NOWHERE } });

/** What a route becomes when a rule sends some of its calls elsewhere. Where that cannot be said it is denied. */
function laid(route: DraftRoute, base: string, one: Case, target: Target | undefined): DraftRoute[] {
  const pattern = patternOf(base, one);
  if (!overlap(route.path, pattern.path)) return [route];
  const within = covers(pattern.path, route.path);
  const { methods, unsure } = one;
  if (unsure === true || !pattern.exact || !(within || covers(route.path, pattern.path))) return [denied(route)];
  const elsewhere = methods === undefined && target !== undefined;
  if (!within) {
    const part = { ...route, path: pattern.path, loose: true };
    return [route, elsewhere ? { ...part, target } : denied(part)];
  }
  if (methods === undefined) return [elsewhere ? { ...route, target } : denied(route)];
  // One path has one target, so methods that go elsewhere are denied.
  const own = route.methods ?? METHODS;
  const rest = own.filter((method) => !methods.includes(method));
  const gone = own.filter((method) => methods.includes(method));
  return [
    ...(rest.length > 0
      ? [{ ...route, methods: rest, otherMethods: route.methods === undefined || route.otherMethods === true }]
      : []),
    ...(gone.length > 0 ? [{ ...denied(route), methods: gone }] : []),
  ];
}

/** Lays the rules with a condition over the routes; the first that holds decides, so it is laid over last. */
export function withRules(routes: readonly DraftRoute[], base: string, { conditional }: Routing): DraftRoute[] {
  return [...conditional]
    .reverse()
    .flatMap(({ cases, target }) => cases.map((one) => ({ one, target })))
    .reduce<DraftRoute[]>(
      (sum, { one, target }) => sum.flatMap((route) => laid(route, base, one, target)),
      [...routes],
    );
}
