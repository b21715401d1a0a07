/** Routes of kind `page`: the defaults that they change, and options that have no effect there. */
import type { RouteConfig } from './schema.ts';

type Tree = Readonly<Record<string, unknown>>;
/** Whether a value of the input is an object. */
export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isPage = (route: unknown): route is Tree => isTree(route) && route.kind === 'page';

/** What a site needs and an API does not, also one that the front proxy forwards to. */
const ASKED_DEFAULTS = { websocket: true, claimsFrom: 'identity' } as const satisfies Partial<RouteConfig>;

/** The same for a site behind the gateway. */
const DEFAULTS = {
  ...ASKED_DEFAULTS,
  hostHeader: 'public',
  setCookie: 'forward',
  cache: 'browser',
  documents: 'forward',
} as const satisfies Partial<RouteConfig>;

/** The routes of an input that is not validated yet. */
export const routesOf = (input: unknown): readonly unknown[] =>
  isTree(input) && Array.isArray(input.routes) ? (input.routes as unknown[]) : [];

/** A link on another site opens a page: with a Strict cookie its user would seem to be signed out. */
function withLaxCookie(session: unknown): unknown {
  if (session !== undefined && !isTree(session)) return session;
  const cookie = session?.cookie;
  if (cookie !== undefined && !isTree(cookie)) return session;
  return { ...session, cookie: { sameSite: 'lax', ...cookie } };
}

/** An application often has the parent domain: a site behind it must not decide for the other hosts there. */
const withHostOnlyHsts = (hsts: unknown): unknown =>
  hsts === undefined || isTree(hsts) ? { includeSubDomains: false, ...hsts } : hsts;

/** The input with the defaults of page routes. Input without such routes is returned unchanged. */
export function withPageDefaults(input: unknown): unknown {
  if (!isTree(input) || !routesOf(input).some(isPage)) return input;
  const defaultsOf = ({ upstream }: Tree) => (upstream === 'none' ? ASKED_DEFAULTS : DEFAULTS);
  const routes = routesOf(input).map((route) => (isPage(route) ? { ...defaultsOf(route), ...route } : route));
  return { ...input, routes, session: withLaxCookie(input.session), hsts: withHostOnlyHsts(input.hsts) };
}

/** Positions of page routes with an option that concerns APIs only. */
export const pagesWith = (input: unknown, option: string): number[] =>
  routesOf(input).flatMap((route, index) => (isPage(route) && route[option] !== undefined ? [index] : []));

/** Whether the configuration has pages. */
export const hasPages = ({ routes }: { readonly routes: readonly Pick<RouteConfig, 'kind'>[] }): boolean =>
  routes.some(({ kind }) => kind === 'page');
