/** An Apigee proxy bundle: base paths, flows with conditions, the policies of their steps, and targets.
 * https://cloud.google.com/apigee/docs/api-platform/reference/api-proxy-configuration-reference
 */

import {
  BLOCKED_UPSTREAM,
  createDraft,
  type Draft,
  type DraftRoute,
  ImportError,
  limitTolerance,
  trustIssuer,
  type Verdict,
} from '../draft/draft.ts';
import { isLiteralPath } from '../draft/patterns.ts';
import { parseXml } from '../draft/xml-tree.ts';
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
import { algorithmsOf, type Policy, policyEffect } from './policies.ts';
import { applyRouteRules, casePattern, parseRouting, type Routing } from './routing.ts';

interface ProxyContext {
  draft: Draft;
  file: string;
  basePath: string;
  routing: Routing;
}

function routesOf(
  { draft, file, basePath, routing }: ProxyContext,
  line: number,
  name: string,
  rank: number,
  cases: readonly ConditionCase[],
  demand: FlowRequirement,
): DraftRoute[] {
  const answered = typeof demand === 'object' && 'answers' in demand;
  return cases.map((one) => {
    const { exact, ...pattern } = casePattern(basePath, one);
    const why =
      one.uncertain === true || !exact
        ? 'its condition is not about path and method alone'
        : answered
          ? 'it answers with a fault'
          : typeof demand === 'string'
            ? demand
            : routing.target === undefined && routing.conditional.length === 0
              ? 'its target has no address in the bundle'
              : undefined;
    const open = typeof demand === 'object' && !answered && demand.token === 'none';
    const verdict: Verdict = why !== undefined ? 'left out' : pattern.widened === true ? 'approximated' : 'translated';
    const asks = open ? 'is open to everybody, as in the source' : 'asks for a token';
    const slash = verdict === 'approximated' ? '; with a slash at its end it is the same path here' : '';
    draft.notes.push({
      file,
      line,
      verdict,
      text: `${name}: ${pattern.path} ${why === undefined ? asks + slash : `is denied, since ${why}`}`,
    });
    return {
      ...pattern,
      ...(one.methods === undefined ? {} : { methods: one.methods, otherMethods: one.otherMethods === true }),
      access: why !== undefined || answered || typeof demand === 'string' ? 'denied' : demand,
      target: routing.target ?? { upstream: BLOCKED_UPSTREAM },
      precedence: [rank],
      name,
      file,
      line,
    };
  });
}

function addProxy(draft: Draft, { file, xml }: BundleDocument, bundle: Bundle): void {
  const connection = xml.child('HTTPProxyConnection');
  const written = connection?.child('BasePath')?.text ?? '/';
  const basePath = written === '/' ? '' : written.replace(/\/$/, '');
  if (basePath !== '' && !isLiteralPath(basePath))
    throw new ImportError(`${file}: no pattern says the base path ${written}`);
  const place: ProxyContext = {
    draft,
    file,
    basePath,
    routing: parseRouting(xml, createTargetLookup(bundle, basePath)),
  };
  const around = combineFlows(
    flowRequirement([xml.child('PreFlow'), xml.child('PostFlow')], bundle),
    targetRequirement(bundle),
  );
  const flows = flowsIn(xml);
  const last = flows.findIndex((flow) => (flow.child('Condition')?.text ?? '') === '');
  const routes: DraftRoute[] = [];
  for (const [rank, flow] of (last < 0 ? flows : flows.slice(0, last + 1)).entries()) {
    const demand = combineFlows(around, flowRequirement([flow], bundle));
    const name = flow.attribute('name') ?? `flow of line ${flow.line}`;
    // Without a condition it is about what is left, and with a fault that is what no route is about here.
    if (rank === last && typeof demand === 'object' && 'answers' in demand) {
      draft.notes.push({
        file,
        line: flow.line,
        verdict: 'translated',
        text: `${name}: what no flow is about is not found`,
      });
      continue;
    }
    routes.push(...routesOf(place, flow.line, name, rank, parseCondition(flow.child('Condition')?.text), demand));
  }
  if (last < 0)
    routes.push(
      ...routesOf(place, xml.line, `what no flow of ${basePath || '/'} is about`, flows.length, [{}], around),
    );
  // Where no rule said where it goes, it goes nowhere.
  const ended = applyRouteRules(routes, basePath, place.routing).map((route) =>
    route.target.upstream === BLOCKED_UPSTREAM ? { ...route, access: 'denied' as const } : route,
  );
  draft.routes.push(...ended);
}

function policyNote({ xml }: Policy, issuer: string | undefined): [Verdict, string] {
  const what = `${xml.name} ${xml.attribute('name') ?? ''}`;
  if (xml.attribute('enabled') === 'false') return ['left out', `${what} is switched off`];
  const effect = policyEffect({ file: '', xml }, issuer);
  if (effect.kind === 'no say') return ['left out', what];
  if (effect.kind === 'answers') return ['translated', `${what}: the calls that come to it are denied`];
  if (typeof effect.asked === 'string') return ['left out', `${what}: flows with it are denied, since ${effect.asked}`];
  return xml.name === 'OAuthV2'
    ? [
        'approximated',
        `${what}: the scopes are asked of tokens of ${issuer}; which API products a client has is not looked at`,
      ]
    : ['translated', what];
}

function applyPolicies(draft: Draft, bundle: Bundle): void {
  for (const policy of bundle.policies.values()) {
    const { file, xml } = policy;
    const [verdict, text] = policyNote(policy, bundle.issuer);
    draft.notes.push({ file, line: xml.line, verdict, text });
    const effect = policyEffect(policy, bundle.issuer);
    if (effect.kind !== 'asks' || typeof effect.asked === 'string') continue;
    for (const issuer of effect.asked.issuers ?? [])
      trustIssuer(draft, issuer, xml.name === 'VerifyJWT' ? algorithmsOf(xml) : undefined);
    const seconds = /^(\d+)s$/.exec(xml.child('TimeAllowance')?.text ?? '')?.[1] ?? '0';
    if (xml.name === 'VerifyJWT') limitTolerance(draft, Number(seconds));
    if (xml.name === 'OAuthV2') draft.acceptsOpaque = true;
    if (effect.asked.audiences.length === 0)
      draft.notes.push({
        file,
        line: xml.line,
        verdict: 'approximated',
        text: 'no audience: set API_AUDIENCE, so that tokens for other APIs are refused',
      });
  }
}

/** Reads a bundle. `names` are the paths of its files; `issuer` is whose tokens take the place of Apigee's own. */
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
  if (bundle.proxies.length === 0) throw new ImportError('this is no proxy bundle: it has no proxies/*.xml');
  const draft = createDraft();
  applyPolicies(draft, bundle);
  for (const proxy of bundle.proxies) addProxy(draft, proxy, bundle);
  return draft;
}
