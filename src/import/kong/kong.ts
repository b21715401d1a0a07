/** Reads Kong's declarative configuration: services, routes, and the plugins that control access.
 * https://docs.konghq.com/gateway/latest/production/deployment-topologies/db-less-and-declarative-config/
 */
import { combineRequirements, PUBLIC_ACCESS, type Requirement } from '../draft/access.ts';
import { createDraft, type Decision, type Draft, ImportError, type Verdict } from '../draft/draft.ts';
import { type Item, parseYaml, textList } from '../draft/yaml-tree.ts';
import { aclAccess, type Consumer, oidcAccess } from './oidc.ts';
import { isHarmless, type Plugin, parsePlugin, pluginsFor, referenceOf } from './plugins.ts';
import { applyProvider, isSignIn, issuerOf, scopeClaimOf, targetOptions } from './provider.ts';
import {
  acceptsHost,
  blockedTarget,
  hasOtherMethods,
  methodsOf,
  type RoutePath,
  routePaths,
  serviceUrl,
  targetOf,
  unsupportedMatch,
} from './routes.ts';

interface RouteEntry {
  route: Item;
  service: Item | undefined;
}

interface Source {
  file: string;
  entries: readonly RouteEntry[];
  plugins: readonly Plugin[];
  consumers: readonly Consumer[];
  balancers: readonly Item[];
}

const list = (item: Item, name: string): readonly Item[] => item.get(name)?.items() ?? [];
const namesOf = (item: Item | undefined): string[] => ['name', 'id'].flatMap((name) => item?.get(name)?.text() ?? []);

function routeEntries(root: Item): RouteEntry[] {
  const services = list(root, 'services');
  const nested = services.flatMap((service) => list(service, 'routes').map((route) => ({ route, service })));
  const topLevel = list(root, 'routes').map((route) => {
    const reference = referenceOf(route.get('service'));
    return {
      route,
      service: services.find((service) => reference !== undefined && namesOf(service).includes(reference)),
    };
  });
  return [...nested, ...topLevel];
}

function allPlugins(root: Item, entries: readonly RouteEntry[]): Plugin[] {
  return [
    ...list(root, 'plugins').map((item) => parsePlugin(item)),
    ...list(root, 'services').flatMap((service) =>
      list(service, 'plugins').map((item) => parsePlugin(item, { service: nameOf(service, 'service') })),
    ),
    ...entries.flatMap(({ route }) =>
      list(route, 'plugins').map((item) => parsePlugin(item, { route: nameOf(route) })),
    ),
    ...[...list(root, 'consumers'), ...list(root, 'consumer_groups')].flatMap((consumer) =>
      list(consumer, 'plugins').map((item) => parsePlugin(item, { consumer: referenceOf(consumer) ?? 'a consumer' })),
    ),
  ];
}

function readConsumers(root: Item): Consumer[] {
  return list(root, 'consumers').map((item) => ({
    names: ['username', 'custom_id'].flatMap((name) => item.get(name)?.text() ?? []),
    groups: [
      ...list(item, 'acls'),
      ...list(root, 'acls').filter((acl) =>
        namesOf(item)
          .concat(item.get('username')?.text() ?? [])
          .includes(referenceOf(acl.get('consumer')) ?? ''),
      ),
    ].flatMap((acl) => acl.get('group')?.text() ?? []),
  }));
}

/** The name of an item, or its line if it has none. */
const nameOf = (item: Item, kind = 'route'): string => namesOf(item)[0] ?? `${kind} on line ${item.line}`;

/** The combined requirement of the plugins that apply to a route. */
function pluginRequirement(plugins: readonly Plugin[], source: Source): Requirement {
  const restricted = source.plugins.find(
    (plugin) => plugin.enabled && plugin.consumer !== undefined && !isHarmless(plugin),
  );
  if (restricted)
    return `${restricted.name} of ${restricted.consumer} (line ${restricted.line}) applies to one consumer only`;
  const other = plugins.find((plugin) => !['openid-connect', 'acl'].includes(plugin.name) && !isHarmless(plugin));
  if (other)
    return other.name === 'jwt'
      ? 'jwt uses keys in the file, not the keys of an issuer'
      : `${other.name} has no counterpart`;
  const oidc = plugins.find(({ name }) => name === 'openid-connect');
  const acl = plugins.find(({ name }) => name === 'acl');
  if (!oidc && !acl) return PUBLIC_ACCESS;
  const config = oidc?.config;
  if (oidc && !config) return 'openid-connect has no config';
  const issuer = config && issuerOf(config);
  if (config && issuer === undefined) return 'the issuer is not an https URL in the file';
  const allowed = textList(config?.get('issuers_allowed'));
  const issuers = issuer === undefined ? [] : allowed.length === 0 ? [issuer] : allowed.filter((one) => one === issuer);
  if (config && issuers.length === 0) return 'issuers_allowed does not contain the issuer';
  const signIn = config && oidcAccess(config, issuers, scopeClaimOf(issuer ?? ''), source.consumers);
  const groups = acl && aclAccess(acl.config, config, source.consumers);
  return combineRequirements(signIn ?? PUBLIC_ACCESS, groups ?? PUBLIC_ACCESS);
}

interface RouteOutcome {
  decision: Decision;
  /** Reason for denial. */
  why: string | undefined;
  config: Item | undefined;
}

function evaluateRoute({ route, service }: RouteEntry, source: Source): RouteOutcome {
  const services = service === undefined ? [] : [...namesOf(service), nameOf(service, 'service')];
  const applied = pluginsFor(source.plugins, [...namesOf(route), nameOf(route)], services);
  const requirement = pluginRequirement(applied, source);
  const why = unsupportedMatch(route) ?? (typeof requirement === 'string' ? requirement : undefined);
  const config = applied.find(isSignIn)?.config;
  return { decision: why === undefined && typeof requirement !== 'string' ? requirement : 'denied', why, config };
}

function addRoute(draft: Draft, entry: RouteEntry, index: number, source: Source): void {
  const { route, service } = entry;
  const { file } = source;
  const outcome = evaluateRoute(entry, source);
  const upstream = serviceUrl(service, source.balancers);
  const why = outcome.why ?? ('fault' in upstream ? upstream.fault : undefined);
  const methods = methodsOf(route);
  for (const routePath of routePaths(route, index)) {
    const fault = why ?? routePath.fault;
    const name = nameOf(route);
    const denied = fault !== undefined || 'fault' in upstream;
    draft.notes.push({ file, line: route.line, ...routeNote(name, routePath, fault, outcome.decision) });
    draft.routes.push({
      path: routePath.path,
      ...(routePath.letterPrefix === true ? { letterPrefix: true } : {}),
      ...(routePath.widened === true ? { widened: true } : {}),
      ...(methods === undefined ? {} : { methods, otherMethods: hasOtherMethods(route) }),
      access: denied ? 'denied' : outcome.decision,
      target: denied ? blockedTarget : targetOf(upstream.url, routePath, targetOptions(outcome.config)),
      precedence: routePath.precedence,
      name,
      file,
      line: route.line,
    });
  }
}

function routeNote(name: string, { path, widened }: RoutePath, fault: string | undefined, access: Decision) {
  if (fault !== undefined) return { verdict: 'left out' as const, text: `${name}: ${path} is denied: ${fault}` };
  const isPublic = access !== 'denied' && access.token === 'none';
  const outcome = isPublic ? 'is public, as in the source: no plugin requires authentication' : 'requires a token';
  const verdict: Verdict = widened === true ? 'approximated' : 'translated';
  return { verdict, text: `${name}: ${path} ${outcome}` };
}

function firstHost(entries: readonly RouteEntry[]): string | undefined {
  const hosts = entries.flatMap(({ route }) => textList(route.get('hosts'))).filter((host) => !host.includes('*'));
  return hosts[0]?.replace(/:\d+$/, '');
}

/** Reads a declarative configuration file. */
export function readKong(file: string, text: string): Draft {
  const root = parseYaml(text);
  if (root.get('_format_version') === undefined)
    throw new ImportError('not a declarative configuration: it has no _format_version');
  const draft = createDraft();
  const entries = routeEntries(root);
  const host = firstHost(entries);
  const source: Source = {
    file,
    entries,
    plugins: allPlugins(root, entries),
    consumers: readConsumers(root),
    balancers: list(root, 'upstreams'),
  };
  if (host !== undefined) draft.publicUrl = `https://${host}`;
  applyProvider(draft, file, source.plugins);
  for (const [index, entry] of entries.entries()) {
    if (acceptsHost(entry.route, host)) addRoute(draft, entry, index, source);
    else
      draft.notes.push({
        file,
        line: entry.route.line,
        verdict: 'left out',
        text: `${nameOf(entry.route)}: its host is not ${host}; each host needs a gateway of its own`,
      });
  }
  return draft;
}
