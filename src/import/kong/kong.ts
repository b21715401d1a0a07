/** Kong's declarative configuration: services, routes, and the plugins that say who gets through.
 * https://docs.konghq.com/gateway/latest/production/deployment-topologies/db-less-and-declarative-config/
 */
import { type Asked, OPEN, together } from '../draft/access.ts';
import { type Decision, type Draft, ImportFault, newDraft, type Verdict } from '../draft/draft.ts';
import { type Item, parseTree, textsIn } from '../draft/yaml-tree.ts';
import { aclAccess, type Consumer, oidcAccess } from './oidc.ts';
import { isHarmless, type Plugin, pluginOf, pluginsFor, referenceOf } from './plugins.ts';
import { applyProvider, isSignIn, issuerOf, scopeClaimOf, targetOptions } from './provider.ts';
import {
  faultOf,
  hasOtherMethods,
  methodsOf,
  nowhere,
  type Place,
  placesIn,
  takesHost,
  targetOf,
  upstreamOf,
} from './routes.ts';

interface Entry {
  route: Item;
  service: Item | undefined;
}

interface Source {
  file: string;
  entries: readonly Entry[];
  plugins: readonly Plugin[];
  consumers: readonly Consumer[];
  balancers: readonly Item[];
}

const list = (item: Item, name: string): readonly Item[] => item.get(name)?.items() ?? [];
const namesOf = (item: Item | undefined): string[] => ['name', 'id'].flatMap((name) => item?.get(name)?.text() ?? []);

function entriesOf(root: Item): Entry[] {
  const services = list(root, 'services');
  const nested = services.flatMap((service) => list(service, 'routes').map((route) => ({ route, service })));
  const apart = list(root, 'routes').map((route) => {
    const wanted = referenceOf(route.get('service'));
    return { route, service: services.find((service) => wanted !== undefined && namesOf(service).includes(wanted)) };
  });
  return [...nested, ...apart];
}

function pluginsOf(root: Item, entries: readonly Entry[]): Plugin[] {
  return [
    ...list(root, 'plugins').map((item) => pluginOf(item)),
    ...list(root, 'services').flatMap((service) =>
      list(service, 'plugins').map((item) => pluginOf(item, { service: nameOf(service, 'service') })),
    ),
    ...entries.flatMap(({ route }) => list(route, 'plugins').map((item) => pluginOf(item, { route: nameOf(route) }))),
    ...[...list(root, 'consumers'), ...list(root, 'consumer_groups')].flatMap((consumer) =>
      list(consumer, 'plugins').map((item) => pluginOf(item, { consumer: referenceOf(consumer) ?? 'a consumer' })),
    ),
  ];
}

function consumersOf(root: Item): Consumer[] {
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
function askedBy(plugins: readonly Plugin[], source: Source): Asked {
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
  if (!oidc && !acl) return OPEN;
  const config = oidc?.config;
  if (oidc && !config) return 'openid-connect without a config';
  const issuer = config && issuerOf(config);
  if (config && issuer === undefined) return 'the issuer is no https address that stands in the file';
  const allowed = textsIn(config?.get('issuers_allowed'));
  const issuers = issuer === undefined ? [] : allowed.length === 0 ? [issuer] : allowed.filter((one) => one === issuer);
  if (config && issuers.length === 0) return 'issuers_allowed does not have the issuer itself';
  const signIn = config && oidcAccess(config, issuers, scopeClaimOf(issuer ?? ''), source.consumers);
  const groups = acl && aclAccess(acl.config, config, source.consumers);
  return together(signIn ?? OPEN, groups ?? OPEN);
}

interface Judged {
  decision: Decision;
  why: string | undefined;
  config: Item | undefined;
}

function judge({ route, service }: Entry, source: Source): Judged {
  const services = service === undefined ? [] : [...namesOf(service), nameOf(service, 'service')];
  const inForce = pluginsFor(source.plugins, [...namesOf(route), nameOf(route)], services);
  const asked = askedBy(inForce, source);
  const why = faultOf(route) ?? (typeof asked === 'string' ? asked : undefined);
  const config = inForce.find(isSignIn)?.config;
  return { decision: why === undefined && typeof asked !== 'string' ? asked : 'denied', why, config };
}

function addRoute(draft: Draft, entry: Entry, index: number, source: Source): void {
  const { route, service } = entry;
  const { file } = source;
  const judged = judge(entry, source);
  const upstream = upstreamOf(service, source.balancers);
  const why = judged.why ?? ('fault' in upstream ? upstream.fault : undefined);
  const methods = methodsOf(route);
  const say = (verdict: Verdict, text: string) => draft.notes.push({ file, line: route.line, verdict, text });
  for (const place of placesIn(route, index)) {
    const fault = why ?? place.fault;
    const name = nameOf(route);
    const denied = fault !== undefined || 'fault' in upstream;
    say(...sentence(name, place, fault, judged.decision));
    draft.routes.push({
      path: place.path,
      ...(place.letters === true ? { letters: true } : {}),
      ...(place.loose === true ? { loose: true } : {}),
      ...(methods === undefined ? {} : { methods, otherMethods: hasOtherMethods(route) }),
      access: denied ? 'denied' : judged.decision,
      target: denied ? nowhere : targetOf(upstream.url, place, targetOptions(judged.config)),
      rank: place.rank,
      name,
      file,
      line: route.line,
    });
  }
}

function sentence(
  name: string,
  { path, loose }: Place,
  fault: string | undefined,
  decision: Decision,
): [Verdict, string] {
  if (fault !== undefined) return ['left out', `${name}: ${path} is denied, since ${fault}`];
  if (decision !== 'denied' && decision.token === 'none')
    return [
      loose === true ? 'approximated' : 'translated',
      `${name}: ${path} is open to everybody, as in the source: no plugin asks who calls`,
    ];
  return [loose === true ? 'approximated' : 'translated', `${name}: ${path} asks for a token`];
}

function hostOf(entries: readonly Entry[]): string | undefined {
  const hosts = entries.flatMap(({ route }) => textsIn(route.get('hosts'))).filter((host) => !host.includes('*'));
  return hosts[0]?.replace(/:\d+$/, '');
}

/** Reads a declarative file. */
export function readKong(file: string, text: string): Draft {
  const root = parseTree(text);
  if (root.get('_format_version') === undefined)
    throw new ImportFault('this is no declarative configuration: it has no _format_version');
  const draft = newDraft();
  const all = entriesOf(root);
  const host = hostOf(all);
  const source: Source = {
    file,
    entries: all,
    plugins: pluginsOf(root, all),
    consumers: consumersOf(root),
    balancers: list(root, 'upstreams'),
  };
  if (host !== undefined) draft.publicUrl = `https://${host}`;
  applyProvider(draft, file, source.plugins);
  for (const [index, entry] of all.entries()) {
    if (takesHost(entry.route, host)) addRoute(draft, entry, index, source);
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
