/** The documents of an Apigee bundle, and what their steps ask of a call together. */
import { combineRequirements, PUBLIC_ACCESS, type Requirement } from '../draft/access.ts';
import type { Target } from '../draft/draft.ts';
import type { XmlElement } from '../draft/xml-tree.ts';
import { type Policy, policyEffect } from './policies.ts';
import { targetUrl } from './routing.ts';

export interface BundleDocument {
  file: string;
  xml: XmlElement;
}

export interface Bundle {
  proxies: readonly BundleDocument[];
  targets: readonly BundleDocument[];
  policies: ReadonlyMap<string, Policy>;
  /** Whose tokens take the place of those that Apigee made. */
  issuer: string | undefined;
}

/** What the steps of some flows ask for together; `answers` when a fault is all that callers get. */
export type FlowRequirement = Requirement | { answers: true };

/** What the steps of the requests of these flows ask for. */
export function flowRequirement(
  flows: readonly (XmlElement | undefined)[],
  { policies, issuer }: Bundle,
): FlowRequirement {
  let sum: Requirement = PUBLIC_ACCESS;
  for (const step of flows.flatMap((flow) => flow?.child('Request')?.childrenNamed('Step') ?? [])) {
    const name = step.child('Name')?.text ?? '';
    const policy = policies.get(name);
    const effect = policy
      ? policyEffect(policy, issuer)
      : { kind: 'asks' as const, asked: `the bundle has no policy ${name}` };
    // A step with a condition is asked for in any case.
    const sometimes = (step.child('Condition')?.text ?? '') !== '';
    if (effect.kind === 'answers' && !sometimes) return typeof sum === 'string' ? sum : { answers: true };
    if (effect.kind === 'answers') sum = combineRequirements(sum, `${name} refuses some of its calls`);
    if (effect.kind === 'asks') sum = combineRequirements(sum, effect.asked);
  }
  return sum;
}

/** The flows with conditions. */
export const flowsIn = (xml: XmlElement | undefined): readonly XmlElement[] =>
  xml?.child('Flows')?.childrenNamed('Flow') ?? [];

/** Makes the target of an endpoint by its name. */
export function createTargetLookup(bundle: Bundle, base: string): (name: string | undefined) => Target | undefined {
  return (name) => {
    const found = bundle.targets.find(({ xml }) => xml.attribute('name') === name);
    const upstream = targetUrl(found?.xml);
    return upstream === undefined ? undefined : { upstream, ...(base === '' ? {} : { stripPrefix: base }) };
  };
}

/** The demands of every target endpoint: which one a call goes to is not looked at, so all of them hold. */
export function targetRequirement(bundle: Bundle): FlowRequirement {
  return flowRequirement(
    bundle.targets.flatMap(({ xml }) => [xml.child('PreFlow'), ...flowsIn(xml), xml.child('PostFlow')]),
    bundle,
  );
}

/** Both demands. */
export function combineFlows(a: FlowRequirement, b: FlowRequirement): FlowRequirement {
  if (typeof a === 'object' && 'answers' in a) return a;
  return typeof b === 'object' && 'answers' in b ? b : combineRequirements(a, b);
}
