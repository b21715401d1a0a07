/** An Apigee proxy bundle: base paths, flows with conditions, the policies of their steps, and targets.
 * https://cloud.google.com/apigee/docs/api-platform/reference/api-proxy-configuration-reference
 */

import {
  type Draft,
  type DraftRoute,
  ImportFault,
  limitTolerance,
  NOWHERE,
  newDraft,
  trustIssuer,
  type Verdict,
} from '../draft/draft.ts';
import { isPlain } from '../draft/patterns.ts';
import { parseXml } from '../draft/xml-tree.ts';
import { type Bundle, type Demand, type Document, demandOf, flowsIn, ofTargets, sumOf, targetNamed } from './bundle.ts';
import { type Case, casesOf } from './condition.ts';
import { algorithmsOf, effectOf, type Policy } from './policies.ts';
import { patternOf, type Routing, routingOf, withRules } from './routing.ts';

interface Place {
  draft: Draft;
  file: string;
  base: string;
  routing: Routing;
}

function routesOf(
  { draft, file, base, routing }: Place,
  line: number,
  name: string,
  rank: number,
  cases: readonly Case[],
  demand: Demand,
): DraftRoute[] {
  const answered = typeof demand === 'object' && 'answers' in demand;
  return cases.map((one) => {
    const { exact, ...pattern } = patternOf(base, one);
    const why =
      one.unsure === true || !exact
        ? 'its condition is not about path and method alone'
        : answered
          ? 'it answers with a fault'
          : typeof demand === 'string'
            ? demand
            : routing.target === undefined && routing.conditional.length === 0
              ? 'its target has no address in the bundle'
              : undefined;
    const open = typeof demand === 'object' && !answered && demand.token === 'none';
    const verdict: Verdict = why !== undefined ? 'left out' : pattern.loose === true ? 'approximated' : 'translated';
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
      target: routing.target ?? { upstream: NOWHERE },
      rank: [rank],
      name,
      file,
      line,
    };
  });
}

function addProxy(draft: Draft, { file, xml }: Document, bundle: Bundle): void {
  const connection = xml.child('HTTPProxyConnection');
  const written = connection?.child('BasePath')?.text ?? '/';
  const base = written === '/' ? '' : written.replace(/\/$/, '');
  if (base !== '' && !isPlain(base)) throw new ImportFault(`${file}: no pattern says the base path ${written}`);
  const place: Place = { draft, file, base, routing: routingOf(xml, targetNamed(bundle, base)) };
  const around = sumOf(demandOf([xml.child('PreFlow'), xml.child('PostFlow')], bundle), ofTargets(bundle));
  const flows = flowsIn(xml);
  const last = flows.findIndex((flow) => (flow.child('Condition')?.text ?? '') === '');
  const routes: DraftRoute[] = [];
  for (const [rank, flow] of (last < 0 ? flows : flows.slice(0, last + 1)).entries()) {
    const demand = sumOf(around, demandOf([flow], bundle));
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
    routes.push(...routesOf(place, flow.line, name, rank, casesOf(flow.child('Condition')?.text), demand));
  }
  if (last < 0)
    routes.push(...routesOf(place, xml.line, `what no flow of ${base || '/'} is about`, flows.length, [{}], around));
  // Where no rule said where it goes, it goes nowhere.
  const ended = withRules(routes, base, place.routing).map((route) =>
    route.target.upstream === NOWHERE ? { ...route, access: 'denied' as const } : route,
  );
  draft.routes.push(...ended);
}

function noteOf({ xml }: Policy, issuer: string | undefined): [Verdict, string] {
  const what = `${xml.name} ${xml.attribute('name') ?? ''}`;
  if (xml.attribute('enabled') === 'false') return ['left out', `${what} is switched off`];
  const effect = effectOf({ file: '', xml }, issuer);
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
    const [verdict, text] = noteOf(policy, bundle.issuer);
    draft.notes.push({ file, line: xml.line, verdict, text });
    const effect = effectOf(policy, bundle.issuer);
    if (effect.kind !== 'asks' || typeof effect.asked === 'string') continue;
    for (const issuer of effect.asked.issuers ?? [])
      trustIssuer(draft, issuer, xml.name === 'VerifyJWT' ? algorithmsOf(xml) : undefined);
    const seconds = /^(\d+)s$/.exec(xml.child('TimeAllowance')?.text ?? '')?.[1] ?? '0';
    if (xml.name === 'VerifyJWT') limitTolerance(draft, Number(seconds));
    if (xml.name === 'OAuthV2') draft.opaque = true;
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
  const documents = (folder: string): Document[] =>
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
  if (bundle.proxies.length === 0) throw new ImportFault('this is no proxy bundle: it has no proxies/*.xml');
  const draft = newDraft();
  applyPolicies(draft, bundle);
  for (const proxy of bundle.proxies) addProxy(draft, proxy, bundle);
  return draft;
}
