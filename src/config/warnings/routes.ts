/** Warnings about routes: what an upstream may do on the origin of the application. */
import { hasUpstream } from '../schema/asked-routes.ts';
import type { RouteConfig } from '../schema/schema.ts';
import { type CallerLimit, limitNames, rulePrefix } from '../traffic/caller-limits.ts';
import type { Combination, WarningFacts } from './warning.ts';

const UPLOADS: readonly string[] = ['POST', 'PUT', 'PATCH'];

const acceptsUploads = ({ rules }: RouteConfig) =>
  rules.some(({ methods }) => methods === undefined || methods.some((method) => UPLOADS.includes(method)));

/** Pages have scripts and cookies of their own; for an API both are unexpected. */
const isApi = ({ kind }: RouteConfig) => kind === 'api';

/** Creates the function that finds the routes with a property. */
const routesWith =
  (applies: (route: RouteConfig) => boolean, effectOf: (route: RouteConfig) => string) =>
  ({ config: { routes } }: WarningFacts): string[] =>
    routes.filter(applies).map((route) => `route ${route.path} ${effectOf(route)}`);

export const clientHeaders: Combination = {
  id: 'route-request-headers',
  when: '`requestHeaders.pass` on a route: clients choose the values of headers that the gateway drops by default',
  hint: 'the upstream must not identify callers by these headers',
  find: routesWith(
    ({ requestHeaders }) => requestHeaders.pass.length > 0,
    ({ requestHeaders }) => `forwards ${requestHeaders.pass.join(', ')} of its clients`,
  ),
};

export const upstreamHeaders: Combination = {
  id: 'route-response-headers',
  when: '`responseHeaders.pass` on a route: its upstream speaks for the whole origin, or to the front proxy',
  hint: 'list them only for an upstream that you trust with the whole origin',
  find: routesWith(
    ({ responseHeaders }) => responseHeaders.pass.length > 0,
    ({ responseHeaders }) => `lets its upstream send ${responseHeaders.pass.join(', ')}`,
  ),
};

export const setCookie: Combination = {
  id: 'route-set-cookie',
  when: '`setCookie: forward` on a route of an API',
  hint: 'use drop unless the application needs the cookies of the upstream',
  find: routesWith(
    (route) => isApi(route) && route.setCookie === 'forward',
    () => 'forwards Set-Cookie of its upstream',
  ),
};

export const upstreamCaching: Combination = {
  id: 'route-cache',
  when: '`cache: upstream` on a route: a shared cache may store responses to one user for another',
  hint: 'use private unless every response of the upstream has the right Cache-Control',
  find: routesWith(
    (route) => route.cache === 'upstream',
    () => 'keeps Cache-Control of its upstream',
  ),
};

export const documents: Combination = {
  id: 'route-documents',
  when: '`documents: forward` on a route of an API without uploads (POST, PUT, PATCH)',
  hint: 'use sandbox unless the upstream serves pages of the application',
  find: routesWith(
    (route) => isApi(route) && route.documents === 'forward' && !acceptsUploads(route),
    () => 'allows documents of its upstream to run scripts with the permissions of the application',
  ),
};

export const uploads: Combination = {
  id: 'route-uploads',
  when: '`documents: forward` on a route of an API that accepts POST, PUT or PATCH: a document that one user uploads runs as the application of another',
  hint: 'use sandbox, serve uploads from another origin, or split the route so that pages and uploads have their own',
  find: routesWith(
    (route) => isApi(route) && route.documents === 'forward' && acceptsUploads(route),
    () => 'accepts uploads and allows documents of its upstream to run scripts with the permissions of the application',
  ),
};

export const maintenance: Combination = {
  id: 'route-maintenance',
  when: '`maintenance` on a route: every request to it receives 503',
  hint: 'remove it when the work is done, and reload',
  find: routesWith(
    (route) => route.maintenance !== false,
    () => 'is under maintenance',
  ),
};

const hasSecret = ({ requestHeaders, query }: RouteConfig) =>
  [requestHeaders, ...(query ? [query] : [])].some(({ set, add }) =>
    [...Object.values(set), ...Object.values(add)].some((value) => typeof value !== 'string'),
  );

const isOpen = ({ rules }: RouteConfig) => rules.some(({ token }) => token === 'none' || token === 'user-or-none');

export const openSecret: Combination = {
  id: 'route-open-secret',
  when: 'a secret in `requestHeaders` or `query` on a route that admits clients without a token: they use the upstream with it',
  hint: 'require a token on that route, unless the upstream shows everyone the same',
  find: routesWith(
    (route) => hasSecret(route) && isOpen(route),
    () => 'sends a secret to its upstream for clients without a token',
  ),
};

/** Whether a limit counts requests without credentials. */
const countsAnyone = ({ by }: CallerLimit) => by === 'all' || by === 'address';

function withoutEffect(route: RouteConfig, limits: readonly CallerLimit[], prefix: string, isOpen: boolean): string[] {
  const names = limitNames(limits, prefix);
  return limits.flatMap((limit, index) => {
    const at = `route ${route.path}: the limit ${names[index]}`;
    if (isOpen && !countsAnyone(limit)) return [`${at} applies to no request, because its rules read no credentials`];
    return limit.concurrent !== undefined && !hasUpstream(route)
      ? [`${at} has no effect, because the front proxy alone knows when a request ends`]
      : [];
  });
}

export const limitsWithoutEffect: Combination = {
  id: 'route-limits',
  when: '`limits` that can never apply: by user, client, session or claim where every rule has `token: none`, and `concurrent` on a route with `upstream: none`',
  hint: 'use by: address or by: all, or a rule that reads credentials; limit requests instead of concurrent ones',
  find: ({ config: { routes } }) =>
    routes.flatMap((route) => [
      ...withoutEffect(
        route,
        route.limits ?? [],
        '',
        route.rules.every(({ token }) => token === 'none'),
      ),
      ...route.rules.flatMap(({ limits = [], token }, index) =>
        withoutEffect(route, limits, rulePrefix(index), token === 'none'),
      ),
    ]),
};
