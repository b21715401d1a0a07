/** A Kong route as patterns, target and place in the order of precedence.
 * https://docs.konghq.com/gateway/latest/key-concepts/routes/
 */
import { BLOCKED_UPSTREAM, METHODS, type Method, type Target } from '../draft/draft.ts';
import { coveringPattern, type Pattern, patternsForPrefix, patternsForRegExp } from '../draft/patterns.ts';
import { type Item, textList } from '../draft/yaml-tree.ts';

/** One path of a route. */
export interface RoutePath extends Pattern {
  /** What Kong removes from the front of the path; undefined when it removes nothing. */
  stripPrefix: string | undefined;
  precedence: readonly number[];
  /** Why no pattern says this path exactly; the pattern then covers more. */
  fault?: string;
}

/** The more of these a route names, the sooner it decides. */
const CATEGORIES = ['methods', 'hosts', 'headers', 'paths', 'snis', 'sources', 'destinations'];

function parsePath(path: string, strip: boolean): (Omit<RoutePath, 'precedence'> & { regex: boolean })[] {
  const regex = path.startsWith('~');
  const text = regex ? path.slice(1) : path;
  const patterns = regex ? patternsForRegExp(text) : patternsForPrefix(text);
  if (!patterns) {
    const wide = regex ? coveringPattern(text) : '/**';
    return [{ path: wide, stripPrefix: undefined, regex, fault: `no pattern says ${path} exactly` }];
  }
  return patterns.map((pattern) => {
    const literal = pattern.path.replace(/\/\*\*$/, '');
    if (!strip || literal === '') return { ...pattern, stripPrefix: undefined, regex };
    if (!literal.includes('*')) return { ...pattern, stripPrefix: literal, regex };
    return {
      ...pattern,
      stripPrefix: undefined,
      regex,
      fault: 'strip_path takes away a part that is not the same in all paths',
    };
  });
}

/** The places of a route; without paths it is everywhere. `index` keeps the order of the file. */
export function routePaths(route: Item, index: number): RoutePath[] {
  const named = CATEGORIES.filter(
    (name) => (route.get(name)?.items().length ?? 0) + (route.get(name)?.entries().length ?? 0) > 0,
  );
  const strip = route.get('strip_path')?.scalar() !== false;
  const headers = route.get('headers')?.entries().length ?? 0;
  const priority = Number(route.get('regex_priority')?.text() ?? 0);
  const paths = textList(route.get('paths'));
  return (paths.length === 0 ? ['/'] : paths).flatMap((path) =>
    parsePath(path, strip && paths.length > 0).map(({ regex, ...place }) => ({
      ...place,
      precedence: [-named.length, -headers, regex ? 0 : 1, regex ? -priority : 0, regex ? 0 : -path.length, index],
    })),
  );
}

/** What keeps a route from being said at all. */
export function unsupportedMatch(route: Item): string | undefined {
  if (route.get('expression') !== undefined) return 'it is written in the expressions language';
  for (const name of ['headers', 'snis', 'sources', 'destinations'])
    if (route.get(name) !== undefined) return `it is chosen by ${name}`;
  const protocols = textList(route.get('protocols'));
  if (protocols.some((name) => !['http', 'https'].includes(name))) return `it speaks ${protocols.join(', ')}`;
  return undefined;
}

/** Whether a host of the route is this one. A route without hosts takes any. */
export function acceptsHost(route: Item, host: string | undefined): boolean {
  const hosts = textList(route.get('hosts'));
  if (hosts.length === 0 || host === undefined) return true;
  return hosts.some((one) => {
    const name = one.replace(/:\d+$/, '');
    if (name.startsWith('*.')) return host.endsWith(name.slice(1));
    return name.endsWith('.*') ? host.startsWith(name.slice(0, -1)) : name === host;
  });
}

/** Whether a route names methods that have no name here. */
export const hasOtherMethods = (route: Item): boolean =>
  textList(route.get('methods')).some((name) => !METHODS.some((method) => method === name));

/** Methods of a route; undefined for all. Those that have no name here are left out, which lets in fewer. */
export function methodsOf(route: Item): readonly Method[] | undefined {
  const named = textList(route.get('methods'));
  return named.length === 0 ? undefined : METHODS.filter((method) => named.includes(method));
}

/** Base URL of a service, or why there is none. */
export function serviceUrl(service: Item | undefined, balancers: readonly Item[]): { url: string } | { fault: string } {
  if (service === undefined) return { fault: 'its service is not in this file' };
  const parsed = URL.parse(service.get('url')?.text() ?? '');
  const protocol = parsed?.protocol.slice(0, -1) ?? service.get('protocol')?.text() ?? 'http';
  const host = parsed?.hostname ?? service.get('host')?.text();
  if (!['http', 'https'].includes(protocol)) return { fault: `its service speaks ${protocol}` };
  if (host === undefined) return { fault: 'its service has no host' };
  const port = (parsed?.port || undefined) ?? service.get('port')?.text() ?? (protocol === 'https' ? '443' : '80');
  const balancer = balancers.find((one) => one.get('name')?.text() === host);
  const target = balancer?.get('targets')?.items()[0]?.get('target')?.text();
  const authority = target ?? (isDefaultPort(protocol, port) ? host : `${host}:${port}`);
  const path = (parsed?.pathname ?? service.get('path')?.text() ?? '').replace(/\/$/, '');
  const url = `${protocol}://${authority}${path}`;
  return URL.canParse(url) ? { url } : { fault: `its service has no address that can be read` };
}

const isDefaultPort = (protocol: string, port: string) => port === (protocol === 'https' ? '443' : '80');

/** The target of one place. */
export function targetOf(upstream: string, { stripPrefix }: RoutePath, rest: Omit<Target, 'upstream'>): Target {
  return { upstream, ...rest, ...(stripPrefix === undefined ? {} : { stripPrefix }) };
}

/** The target of what nobody is let through to. */
export const blockedTarget: Target = { upstream: BLOCKED_UPSTREAM };
