/** Checks of routes that only forward authentication asks about: options that would need an upstream. */
import { isTree, routesOf } from '../schema/page-routes.ts';
import type { Config, RouteConfig } from '../schema/schema.ts';
import type { Finding } from './faults.ts';

/** Options about requests, responses and connections that the front proxy has in place of the gateway. */
const FORWARDING: readonly (keyof RouteConfig)[] = [
  'stripPrefix',
  'rewrite',
  'upstreamErrors',
  'hostHeader',
  'upstreamCa',
  'query',
  'responseHeaders',
  'setCookie',
  'cors',
  'cache',
  'documents',
  'logoutPaths',
  'timeouts',
  'connections',
  'maxStreams',
  'maxQueue',
  'websocketIdleTimeout',
  'bodies',
  'maxBody',
];

/** Positions of the rules with a maximum body of their own. */
const rulesWithMaxBody = (rules: unknown): number[] =>
  Array.isArray(rules) ? rules.flatMap((rule, at) => (isTree(rule) && rule.maxBody !== undefined ? [at] : [])) : [];

/** Findings about the routes of an input; defaults are not in it, so each option there was set. */
export function askedRouteFindings(input: unknown, { forwardAuth }: Pick<Config, 'forwardAuth'>): Finding[] {
  return routesOf(input).flatMap((route, index): Finding[] => {
    if (!isTree(route) || route.upstream !== 'none') return [];
    const at = ['routes', index];
    return [
      ...(forwardAuth
        ? []
        : [
            {
              path: [...at, 'upstream'],
              message: 'none needs forwardAuth: nothing else asks about this route',
              hint: 'set forwardAuth, or the URL of the upstream',
            },
          ]),
      ...[
        ...FORWARDING.filter((option) => route[option] !== undefined).map((option) => [option]),
        ...rulesWithMaxBody(route.rules).map((at) => ['rules', at, 'maxBody']),
        ...(isTree(route.requestHeaders) && route.requestHeaders.add !== undefined ? [['requestHeaders', 'add']] : []),
      ].map((option) => ({
        path: [...at, ...option],
        message: 'has no effect with upstream: none',
        hint: 'remove it: the front proxy forwards the requests of this route',
      })),
    ];
  });
}
