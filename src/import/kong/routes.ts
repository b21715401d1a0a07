/** Translates a Kong route to patterns, target and order of precedence.
 * https://docs.konghq.com/gateway/latest/key-concepts/routes/
 */
import { BLOCKED_UPSTREAM, METHODS, type Method, type Target } from '../draft/draft.ts';
import { coveringPattern, type Pattern, patternsForPrefix, patternsForRegExp } from '../draft/patterns.ts';
import { type Item, textList } from '../draft/yaml-tree.ts';

/** One path of a route. */
export interface RoutePath extends Pattern {
  /** The prefix that Kong removes from the path; undefined when it removes none. */
  stripPrefix: string | undefined;
  precedence: readonly number[];
  /** Why no pattern is equivalent to this path; the pattern then covers more. */
  fault?: string;
}

/** A route that has more of these attributes takes precedence. */
const CATEGORIES = ['methods', 'hosts', 'headers', 'paths', 'snis', 'sources', 'destinations'];

function parsePath(path: string, strip: boolean): (Omit<RoutePath, 'precedence'> & { regex: boolean })[] {
  const regex = path.startsWith('~');
  const text = regex ? path.slice(1) : path;
  const patterns = regex ? patternsForRegExp(text) : patternsForPrefix(text);
  if (!patterns) {
    const covering = regex ? coveringPattern(text) : '/**';
    return [{ path: covering, stripPrefix: undefined, regex, fault: `no pattern is equivalent to ${path}` }];
  }
  return patterns.map((pattern) => {
    const literal = pattern.path.replace(/\/\*\*$/, '');
    if (!strip || literal === '') return { ...pattern, stripPrefix: undefined, regex };
    if (!literal.includes('*')) return { ...pattern, stripPrefix: literal, regex };
    return {
      ...pattern,
      stripPrefix: undefined,
      regex,
      fault: 'strip_path removes a part that is not the same in all paths',
    };
  });
}

/** The paths of a route; without paths it matches all. `index` is its position in the file. */
export function routePaths(route: Item, index: number): RoutePath[] {
  const attributes = CATEGORIES.filter(
    (name) => (route.get(name)?.items().length ?? 0) + (route.get(name)?.entries().length ?? 0) > 0,
  );
  const strip = route.get('strip_path')?.scalar() !== false;
  const headers = route.get('headers')?.entries().length ?? 0;
  const priority = Number(route.get('regex_priority')?.text() ?? 0);
  const paths = textList(route.get('paths'));
  return (paths.length === 0 ? ['/'] : paths).flatMap((path) =>
    parsePath(path, strip && paths.length > 0).map(({ regex, ...routePath }) => ({
      ...routePath,
      precedence: [-attributes.length, -headers, regex ? 0 : 1, regex ? -priority : 0, regex ? 0 : -path.length, index],
    })),
  );
}

/** Why a route cannot be translated at all. */
export function unsupportedMatch(route: Item): string | undefined {
  if (route.get('expression') !== undefined) return 'it uses the expressions language';
  for (const name of ['headers', 'snis', 'sources', 'destinations'])
    if (route.get(name) !== undefined) return `it matches on ${name}`;
  const protocols = textList(route.get('protocols'));
  if (protocols.some((name) => !['http', 'https'].includes(name))) return `it uses ${protocols.join(', ')}`;
  return undefined;
}

/** Whether a route matches a host. A route without hosts matches any. */
export function acceptsHost(route: Item, host: string | undefined): boolean {
  const hosts = textList(route.get('hosts'));
  if (hosts.length === 0 || host === undefined) return true;
  return hosts.some((one) => {
    const name = one.replace(/:\d+$/, '');
    if (name.startsWith('*.')) return host.endsWith(name.slice(1));
    return name.endsWith('.*') ? host.startsWith(name.slice(0, -1)) : name === host;
  });
}

/** Whether a route names methods that are not in METHODS. */
export const hasOtherMethods = (route: Item): boolean =>
  textList(route.get('methods')).some((name) => !METHODS.some((method) => method === name));

/** Methods of a route; undefined for all. Methods that are not in METHODS are omitted, which allows fewer requests. */
export function methodsOf(route: Item): readonly Method[] | undefined {
  const named = textList(route.get('methods'));
  return named.length === 0 ? undefined : METHODS.filter((method) => named.includes(method));
}

/** Base URL of a service, or why it cannot be determined. */
export function serviceUrl(service: Item | undefined, balancers: readonly Item[]): { url: string } | { fault: string } {
  if (service === undefined) return { fault: 'its service is not in this file' };
  const parsed = URL.parse(service.get('url')?.text() ?? '');
  const protocol = parsed?.protocol.slice(0, -1) ?? service.get('protocol')?.text() ?? 'http';
  const host = parsed?.hostname ?? service.get('host')?.text();
  if (!['http', 'https'].includes(protocol)) return { fault: `its service uses ${protocol}` };
  if (host === undefined) return { fault: 'its service has no host' };
  const port = (parsed?.port || undefined) ?? service.get('port')?.text() ?? (protocol === 'https' ? '443' : '80');
  const balancer = balancers.find((one) => one.get('name')?.text() === host);
  const target = balancer?.get('targets')?.items()[0]?.get('target')?.text();
  const authority = target ?? (isDefaultPort(protocol, port) ? host : `${host}:${port}`);
  const path = (parsed?.pathname ?? service.get('path')?.text() ?? '').replace(/\/$/, '');
  const url = `${protocol}://${authority}${path}`;
  return URL.canParse(url) ? { url } : { fault: `its service has no valid URL` };
}

const isDefaultPort = (protocol: string, port: string) => port === (protocol === 'https' ? '443' : '80');

/** The target of one path. */
export function targetOf(upstream: string, { stripPrefix }: RoutePath, options: Omit<Target, 'upstream'>): Target {
  return { upstream, ...options, ...(stripPrefix === undefined ? {} : { stripPrefix }) };
}

/** The target of denied routes. */
export const blockedTarget: Target = { upstream: BLOCKED_UPSTREAM };
