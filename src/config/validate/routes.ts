/** Checks of routes: hidden endpoints, routes and rules that are never reached, conditions without a token. */
import { conditionEntries } from '../../policy/conditions/conditions.ts';
import { rewriteFault } from '../changes/rewrite.ts';
import { isAtPublicUrl } from '../schema/asked-routes.ts';
import { reservedPaths } from '../schema/endpoints.ts';
import { hasPages } from '../schema/page-routes.ts';
import type { Config, RouteConfig, RuleConfig } from '../schema/schema.ts';
import { protocolOf, tlsOf } from '../traffic/upstream-targets.ts';
import type { Finding, Path } from './faults.ts';

/** Whether the first pattern matches every path that the second one matches. */
export function covers(first: string, second: string): boolean {
  const firstSegments = first.split('/');
  const secondSegments = second.split('/');
  for (const [index, segment] of firstSegments.entries()) {
    if (segment === '**') return true;
    const other = secondSegments[index];
    if (other === undefined || other === '**' || (segment !== '*' && segment !== other)) return false;
  }
  return firstSegments.length === secondSegments.length;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const CLIENTS = ['guest', 'user', 'service'] as const;

/** Every combination of a method and a type of client to which a rule applies, as text. */
function combinationsOf({ methods, token }: RuleConfig): string[] {
  const clients = CLIENTS_OF[token];
  // A rule without methods also applies to methods that are not listed here.
  const names: readonly string[] = methods ?? [...METHODS, 'any other'];
  return names.flatMap((method) => clients.map((client) => `${method} ${client}`));
}

/** The types of clients to which each value of `token` applies. */
const CLIENTS_OF: Record<RuleConfig['token'], readonly (typeof CLIENTS)[number][]> = {
  none: CLIENTS,
  user: ['user'],
  client: ['service'],
  'user-or-client': ['user', 'service'],
  'user-or-none': ['user', 'guest'],
};

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** Rules that are never reached, because the first match decides, and token conditions without a token. */
function ruleFindings({ rules }: RouteConfig, at: Path): Finding[] {
  const covered = new Set<string>();
  return rules.flatMap((rule, index) => {
    const findings: Finding[] = [];
    const combinations = combinationsOf(rule);
    if (combinations.every((combination) => covered.has(combination)))
      findings.push({
        path: [...at, index],
        message: 'this rule is never reached: earlier rules match all of its methods and clients',
      });
    for (const combination of combinations) covered.add(combination);
    for (const [name] of conditionEntries)
      if (isEmpty(rule[name]))
        findings.push({
          path: [...at, index, name],
          message: 'is empty: it would be always met',
          hint: 'remove it, or write a condition',
        });
    for (const [name, condition] of conditionEntries)
      if (rule.token === 'none' && rule[name] !== undefined && condition.over === 'token' && !condition.stepUp)
        findings.push({ path: [...at, index, name], message: `a rule without a token cannot require ${name}` });
    return findings;
  });
}

/** A wildcard is a whole segment; `**` only the last one. */
function hasMisplacedWildcard(path: string): boolean {
  const segments = path.split('/').slice(1);
  return segments.some(
    (segment, index) =>
      segment.includes('*') && segment !== '*' && !(segment === '**' && index === segments.length - 1),
  );
}

const isPathPrefix = (prefix: string, path: string) => path === prefix || path.startsWith(`${prefix}/`);

/** A site with a sign-in of its own: the session admits the request, and no token takes the place of its `Authorization`. */
const mayForwardCredentials = ({ accessTokens }: Config, { kind, upstream, upstreamToken }: RouteConfig) =>
  kind === 'page' && upstream !== 'none' && upstreamToken === 'none' && accessTokens === undefined;

/** Options that leave a decision to the upstream, on a route whose requests the gateway authenticates. */
function openRouteFindings(config: Config, route: RouteConfig, at: Path): Finding[] {
  const { cors, authorization, rules } = route;
  const isOpen = rules.every(({ token }) => token === 'none');
  const findings: Finding[] = [];
  const message = 'needs a route in which every rule has token: none';
  if (cors === 'upstream' && !isOpen) findings.push({ path: [...at, 'cors'], message });
  if (authorization === 'forward' && !isOpen && !mayForwardCredentials(config, route))
    findings.push({
      path: [...at, 'authorization'],
      message,
      ...(route.kind === 'page'
        ? { hint: 'or, on a page, upstreamToken: none, an upstream, and no accessTokens' }
        : {}),
    });
  if (cors === 'upstream' && !rules.some(({ methods }) => methods?.includes('OPTIONS') ?? true))
    findings.push({ path: [...at, 'cors'], message: 'no rule allows OPTIONS, so preflights would be denied' });
  return findings;
}

/** A WebSocket starts as a request of HTTP/1.1. */
function tunnelFindings({ upstream, websocket }: RouteConfig, at: Path): Finding[] {
  if (!websocket || protocolOf(upstream) === 'http1') return [];
  return [{ path: [...at, 'websocket'], message: 'needs an upstream with protocol: http1' }];
}

/** Two options for one file. */
function caFindings({ upstream, upstreamCa }: RouteConfig, at: Path): Finding[] {
  if (upstreamCa === undefined || tlsOf(upstream)?.ca === undefined) return [];
  const hint = 'remove upstreamCa';
  return [{ path: [...at, 'upstreamCa'], message: 'is set beside ca of upstream.tls; only one can hold', hint }];
}

/** A template of the path that does not fit the path. */
function rewriteFindings({ path, rewrite, stripPrefix }: RouteConfig, at: Path): Finding[] {
  if (rewrite === undefined) return [];
  const fault = rewriteFault(path, rewrite);
  return [
    ...(fault ? [{ path: [...at, 'rewrite'], ...fault }] : []),
    ...(stripPrefix === undefined
      ? []
      : [{ path: [...at, 'stripPrefix'], message: 'has no effect beside rewrite', hint: 'remove one of them' }]),
  ];
}

/** Options that concern pages on a route that serves none. */
function pageFindings(route: RouteConfig, at: Path): Finding[] {
  if (route.kind === 'page') return [];
  const message = 'has no effect without kind: page';
  return [
    ...(route.logoutPaths.length > 0 ? [{ path: [...at, 'logoutPaths'], message }] : []),
    ...(route.crossSiteNavigation === 'confirm' ? [{ path: [...at, 'crossSiteNavigation'], message }] : []),
  ];
}

/** Findings about a cookie that no link of another site to a page carries. */
function cookieFindings({ session, routes }: Config): Finding[] {
  const message = 'a page needs lax: a Strict cookie is missing when a link of another site opens it';
  const isMissing = session.cookie.sameSite === 'strict' && hasPages({ routes });
  return isMissing ? [{ path: ['session', 'cookie', 'sameSite'], message }] : [];
}

/** Findings about all routes. */
export function routeFindings(config: Config): Finding[] {
  const reserved = reservedPaths(config);
  const ofRoutes = config.routes.flatMap((route, index) => {
    const findings: Finding[] = [];
    const path = ['routes', index, 'path'];
    if (hasMisplacedWildcard(route.path))
      findings.push({
        path,
        message: '* must be a whole segment, and ** the last one',
        hint: 'write a path such as /api/** or /users/*/photos',
      });
    // Only publicUrl has endpoints.
    const hidden = isAtPublicUrl(route, config) ? reserved.find((endpoint) => covers(route.path, endpoint)) : undefined;
    // Below a prefix the gateway's own endpoints win, whatever pages surround them.
    const mayCover = route.kind === 'page' && config.endpoints.prefix !== '';
    if (hidden !== undefined && !mayCover)
      findings.push({
        path,
        message: `this route would hide the endpoint ${hidden}`,
        hint:
          route.kind === 'page'
            ? 'set endpoints.prefix, such as /oauth2: the endpoints then win'
            : 'write a path of its own, such as /api/**',
      });
    const origin = route.origin ?? config.publicUrl;
    const before = config.routes.slice(0, index).filter((earlier) => (earlier.origin ?? config.publicUrl) === origin);
    if (before.some((earlier) => covers(earlier.path, route.path)))
      findings.push({
        path,
        message: 'this route is never reached: an earlier route matches all of its paths',
        hint: 'move it before that route, or remove it',
      });
    if (route.stripPrefix !== undefined && !isPathPrefix(route.stripPrefix, route.path))
      findings.push({
        path: ['routes', index, 'stripPrefix'],
        message: 'must be a prefix of path',
        hint: `write a prefix of ${route.path}`,
      });
    findings.push(
      ...rewriteFindings(route, ['routes', index]),
      ...ruleFindings(route, ['routes', index, 'rules']),
      ...openRouteFindings(config, route, ['routes', index]),
      ...pageFindings(route, ['routes', index]),
      ...caFindings(route, ['routes', index]),
      ...tunnelFindings(route, ['routes', index]),
    );
    return findings;
  });
  return [...ofRoutes, ...cookieFindings(config)];
}
