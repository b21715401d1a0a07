/** Kong's declarative configuration: services, routes, and the plugins that say who gets through.
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
  const apart = list(root, 'routes').map((route) => {
    const wanted = referenceOf(route.get('service'));
    return { route, service: services.find((service) => wanted !== undefined && namesOf(service).includes(wanted)) };
  });
  return [...nested, ...apart];
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

/** What has no name is told by its line. */
const nameOf = (item: Item, kind = 'route'): string => namesOf(item)[0] ?? `${kind} of line ${item.line}`;

/** Everything that the plugins in force ask for together; a text says why nobody gets through. */
function pluginRequirement(plugins: readonly Plugin[], source: Source): Requirement {
  const restricted = source.plugins.find(
    (plugin) => plugin.enabled && plugin.consumer !== undefined && !isHarmless(plugin),
  );
  if (restricted) return `${restricted.name} of ${restricted.consumer} (line ${restricted.line}) is about one consumer`;
  const other = plugins.find((plugin) => !['openid-connect', 'acl'].includes(plugin.name) && !isHarmless(plugin));
  if (other)
    return other.name === 'jwt'
      ? 'jwt takes keys of the file, not those of an issuer'
      : `${other.name} has no counterpart`;
  const oidc = plugins.find(({ name }) => name === 'openid-connect');
  const acl = plugins.find(({ name }) => name === 'acl');
  if (!oidc && !acl) return PUBLIC_ACCESS;
  const config = oidc?.config;
  if (oidc && !config) return 'openid-connect without a config';
  const issuer = config && issuerOf(config);
  if (config && issuer === undefined) return 'the issuer is no https address that stands in the file';
  const allowed = textList(config?.get('issuers_allowed'));
  const issuers = issuer === undefined ? [] : allowed.length === 0 ? [issuer] : allowed.filter((one) => one === issuer);
  if (config && issuers.length === 0) return 'issuers_allowed does not have the issuer itself';
  const signIn = config && oidcAccess(config, issuers, scopeClaimOf(issuer ?? ''), source.consumers);
  const groups = acl && aclAccess(acl.config, config, source.consumers);
  return combineRequirements(signIn ?? PUBLIC_ACCESS, groups ?? PUBLIC_ACCESS);
}

interface RouteOutcome {
  decision: Decision;
  why: string | undefined;
  config: Item | undefined;
}

function evaluateRoute({ route, service }: RouteEntry, source: Source): RouteOutcome {
  const services = service === undefined ? [] : [...namesOf(service), nameOf(service, 'service')];
  const inForce = pluginsFor(source.plugins, [...namesOf(route), nameOf(route)], services);
  const asked = pluginRequirement(inForce, source);
  const why = unsupportedMatch(route) ?? (typeof asked === 'string' ? asked : undefined);
  const config = inForce.find(isSignIn)?.config;
  return { decision: why === undefined && typeof asked !== 'string' ? asked : 'denied', why, config };
}

function addRoute(draft: Draft, entry: RouteEntry, index: number, source: Source): void {
  const { route, service } = entry;
  const { file } = source;
  const judged = evaluateRoute(entry, source);
  const upstream = serviceUrl(service, source.balancers);
  const why = judged.why ?? ('fault' in upstream ? upstream.fault : undefined);
  const methods = methodsOf(route);
  const say = (verdict: Verdict, text: string) => draft.notes.push({ file, line: route.line, verdict, text });
  for (const place of routePaths(route, index)) {
    const fault = why ?? place.fault;
    const name = nameOf(route);
    const denied = fault !== undefined || 'fault' in upstream;
    say(...routeNote(name, place, fault, judged.decision));
    draft.routes.push({
      path: place.path,
      ...(place.letterPrefix === true ? { letterPrefix: true } : {}),
      ...(place.widened === true ? { widened: true } : {}),
      ...(methods === undefined ? {} : { methods, otherMethods: hasOtherMethods(route) }),
      access: denied ? 'denied' : judged.decision,
      target: denied ? blockedTarget : targetOf(upstream.url, place, targetOptions(judged.config)),
      precedence: place.precedence,
      name,
      file,
      line: route.line,
    });
  }
}

function routeNote(
  name: string,
  { path, widened }: RoutePath,
  fault: string | undefined,
  decision: Decision,
): [Verdict, string] {
  if (fault !== undefined) return ['left out', `${name}: ${path} is denied, since ${fault}`];
  if (decision !== 'denied' && decision.token === 'none')
    return [
      widened === true ? 'approximated' : 'translated',
      `${name}: ${path} is open to everybody, as in the source: no plugin asks who calls`,
    ];
  return [widened === true ? 'approximated' : 'translated', `${name}: ${path} asks for a token`];
}

function firstHost(entries: readonly RouteEntry[]): string | undefined {
  const hosts = entries.flatMap(({ route }) => textList(route.get('hosts'))).filter((host) => !host.includes('*'));
  return hosts[0]?.replace(/:\d+$/, '');
}

/** Reads a declarative file. */
export function readKong(file: string, text: string): Draft {
  const root = parseYaml(text);
  if (root.get('_format_version') === undefined)
    throw new ImportError('this is no declarative configuration: it has no _format_version');
  const draft = createDraft();
  const all = routeEntries(root);
  const host = firstHost(all);
  const source: Source = {
    file,
    entries: all,
    plugins: allPlugins(root, all),
    consumers: readConsumers(root),
    balancers: list(root, 'upstreams'),
  };
  if (host !== undefined) draft.publicUrl = `https://${host}`;
  applyProvider(draft, file, source.plugins);
  for (const [index, entry] of all.entries()) {
    if (acceptsHost(entry.route, host)) addRoute(draft, entry, index, source);
    else
      draft.notes.push({
        file,
        line: entry.route.line,
        verdict: 'left out',
        text: `${nameOf(entry.route)}: another host than ${host}, which is another gateway`,
      });
  }
  return draft;
}
