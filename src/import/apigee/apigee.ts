/** Reads an Apigee proxy bundle: base paths, flows with conditions, the policies of their steps, and targets.
 * https://cloud.google.com/apigee/docs/api-platform/reference/api-proxy-configuration-reference
 */

import {
  BLOCKED_UPSTREAM,
  createDraft,
  type Decision,
  type Draft,
  type DraftRoute,
  ImportError,
  limitTolerance,
  trustIssuer,
  type Verdict,
} from '../draft/draft.ts';
import { isLiteralPath, type Pattern } from '../draft/patterns.ts';
import { parseXml, type XmlElement } from '../draft/xml-tree.ts';
import {
  type Bundle,
  type BundleDocument,
  combineFlows,
  createTargetLookup,
  type FlowRequirement,
  flowRequirement,
  flowsIn,
  targetRequirement,
} from './bundle.ts';
import { type ConditionCase, parseCondition } from './condition.ts';
import { algorithmsOf, type Effect, type Policy, policyEffect } from './policies.ts';
import { applyRouteRules, casePattern, parseRouting, type Routing } from './routing.ts';

interface ProxyContext {
  draft: Draft;
  file: string;
  basePath: string;
  routing: Routing;
}

/** A flow of a proxy; `index` is its position in the proxy. */
interface Flow {
  line: number;
  name: string;
  index: number;
  cases: readonly ConditionCase[];
  requirement: FlowRequirement;
}

const isFault = (requirement: FlowRequirement): requirement is { fault: true } =>
  typeof requirement === 'object' && 'fault' in requirement;

function denialReason(requirement: FlowRequirement, routing: Routing, understood: boolean): string | undefined {
  if (!understood) return 'its condition depends on more than path and method';
  if (isFault(requirement)) return 'it responds with a fault';
  if (typeof requirement === 'string') return requirement;
  const hasTarget = routing.target !== undefined || routing.conditional.length > 0;
  return hasTarget ? undefined : 'its target has no URL in the bundle';
}

function flowNote(name: string, { path, widened }: Pattern, access: Decision, why: string | undefined) {
  if (why !== undefined) return { verdict: 'left out' as const, text: `${name}: ${path} is denied: ${why}` };
  const isPublic = access !== 'denied' && access.token === 'none';
  const outcome = isPublic ? 'is public, as in the source' : 'requires a token';
  if (widened !== true) return { verdict: 'translated' as const, text: `${name}: ${path} ${outcome}` };
  const text = `${name}: ${path} ${outcome}; the gateway ignores a trailing slash`;
  return { verdict: 'approximated' as const, text };
}

function routesOf({ draft, file, basePath, routing }: ProxyContext, flow: Flow): DraftRoute[] {
  const { line, name, index, cases, requirement } = flow;
  return cases.map((condition) => {
    const { exact, ...pattern } = casePattern(basePath, condition);
    const why = denialReason(requirement, routing, condition.uncertain !== true && exact);
    const access: Decision =
      why !== undefined || isFault(requirement) || typeof requirement === 'string' ? 'denied' : requirement;
    draft.notes.push({ file, line, ...flowNote(name, pattern, access, why) });
    const { methods, otherMethods } = condition;
    return {
      ...pattern,
      ...(methods === undefined ? {} : { methods, otherMethods: otherMethods === true }),
      access,
      target: routing.target ?? { upstream: BLOCKED_UPSTREAM },
      precedence: [index],
      name,
      file,
      line,
    };
  });
}

function basePathOf({ file, xml }: BundleDocument): string {
  const path = xml.child('HTTPProxyConnection')?.child('BasePath')?.text ?? '/';
  const basePath = path === '/' ? '' : path.replace(/\/$/, '');
  if (basePath !== '' && !isLiteralPath(basePath))
    throw new ImportError(`${file}: no pattern is equivalent to the base path ${path}`);
  return basePath;
}

/** The routes of all flows up to the first one without a condition, and of the requests that match no flow. */
function flowRoutes(context: ProxyContext, xml: XmlElement, bundle: Bundle): DraftRoute[] {
  const ofEveryFlow = combineFlows(
    flowRequirement([xml.child('PreFlow'), xml.child('PostFlow')], bundle),
    targetRequirement(bundle),
  );
  const flows = flowsIn(xml);
  const last = flows.findIndex((flow) => (flow.child('Condition')?.text ?? '') === '');
  const routes: DraftRoute[] = [];
  for (const [index, flow] of (last < 0 ? flows : flows.slice(0, last + 1)).entries()) {
    const requirement = combineFlows(ofEveryFlow, flowRequirement([flow], bundle));
    const { line } = flow;
    const name = flow.attribute('name') ?? `flow on line ${line}`;
    // A final flow that only raises a fault needs no route: the gateway responds 404 to requests without a route.
    if (index === last && isFault(requirement)) {
      const text = `${name}: requests that match no flow get 404`;
      context.draft.notes.push({ file: context.file, line, verdict: 'translated', text });
      continue;
    }
    const cases = parseCondition(flow.child('Condition')?.text);
    routes.push(...routesOf(context, { line, name, index, cases, requirement }));
  }
  if (last >= 0) return routes;
  const name = `requests to ${context.basePath || '/'} that match no flow`;
  const rest = { line: xml.line, name, index: flows.length, cases: [{}], requirement: ofEveryFlow };
  return [...routes, ...routesOf(context, rest)];
}

function addProxy(draft: Draft, proxy: BundleDocument, bundle: Bundle): void {
  const { file, xml } = proxy;
  const basePath = basePathOf(proxy);
  const routing = parseRouting(xml, createTargetLookup(bundle, basePath));
  const routes = applyRouteRules(flowRoutes({ draft, file, basePath, routing }, xml, bundle), basePath, routing);
  // A route to which no route rule gave a target is denied.
  for (const route of routes)
    draft.routes.push(route.target.upstream === BLOCKED_UPSTREAM ? { ...route, access: 'denied' } : route);
}

function policyNote({ xml }: Policy, effect: Effect, issuer: string | undefined): [Verdict, string] {
  const name = `${xml.name} ${xml.attribute('name') ?? ''}`;
  if (xml.attribute('enabled') === 'false') return ['left out', `${name} is disabled`];
  if (effect.kind === 'none') return ['left out', name];
  if (effect.kind === 'fault') return ['translated', `${name}: requests that reach it are denied`];
  if (typeof effect.requirement === 'string')
    return ['left out', `${name}: flows with this policy are denied: ${effect.requirement}`];
  if (xml.name !== 'OAuthV2') return ['translated', name];
  const text = `${name}: the scopes are required in tokens of ${issuer}; API products of the client are not checked`;
  return ['approximated', text];
}

function applyPolicies(draft: Draft, { policies, issuer: replacement }: Bundle): void {
  for (const policy of policies.values()) {
    const { file, xml } = policy;
    const effect = policyEffect(policy, replacement);
    const [verdict, text] = policyNote(policy, effect, replacement);
    draft.notes.push({ file, line: xml.line, verdict, text });
    if (effect.kind !== 'requires' || typeof effect.requirement === 'string') continue;
    for (const issuer of effect.requirement.issuers ?? [])
      trustIssuer(draft, issuer, xml.name === 'VerifyJWT' ? algorithmsOf(xml) : undefined);
    const seconds = /^(\d+)s$/.exec(xml.child('TimeAllowance')?.text ?? '')?.[1] ?? '0';
    if (xml.name === 'VerifyJWT') limitTolerance(draft, Number(seconds));
    if (xml.name === 'OAuthV2') draft.acceptsOpaque = true;
    if (effect.requirement.audiences.length === 0)
      draft.notes.push({
        file,
        line: xml.line,
        verdict: 'approximated',
        text: 'no audience: set API_AUDIENCE, so that tokens for other APIs are refused',
      });
  }
}

/** Reads a bundle. `names` are the paths of its files; `issuer` replaces Apigee as issuer of the tokens that it issued. */
export function readApigee(names: readonly string[], read: (name: string) => string, issuer?: string): Draft {
  const documents = (folder: string): BundleDocument[] =>
    names
      .filter((name) => new RegExp(`(?:^|/)${folder}/[^/]+\\.xml$`).test(name))
      .sort()
      .map((file) => ({ file, xml: parseXml(read(file)) }));
  const bundle: Bundle = {
    proxies: documents('proxies'),
    targets: documents('targets'),
    policies: new Map(documents('policies').map((policy) => [policy.xml.attribute('name') ?? '', policy])),
    issuer,
  };
  if (bundle.proxies.length === 0) throw new ImportError('not a proxy bundle: it has no proxies/*.xml');
  const draft = createDraft();
  applyPolicies(draft, bundle);
  for (const proxy of bundle.proxies) addProxy(draft, proxy, bundle);
  return draft;
}
