/** The documents of an Apigee bundle, and the combined requirements of the steps in their flows. */
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
  /** Replaces Apigee as issuer of the tokens that Apigee issued. */
  issuer: string | undefined;
}

/** The combined requirement of steps; `fault` when every request gets a fault response. */
export type FlowRequirement = Requirement | { fault: true };

/** The combined requirement of the request steps of these flows. */
export function flowRequirement(
  flows: readonly (XmlElement | undefined)[],
  { policies, issuer }: Bundle,
): FlowRequirement {
  let combined: Requirement = PUBLIC_ACCESS;
  for (const step of flows.flatMap((flow) => flow?.child('Request')?.childrenNamed('Step') ?? [])) {
    const name = step.child('Name')?.text ?? '';
    const policy = policies.get(name);
    const effect = policy
      ? policyEffect(policy, issuer)
      : { kind: 'requires' as const, requirement: `the bundle has no policy ${name}` };
    // A requirement with a condition is added in any case; it is unknown when the condition holds.
    const conditional = (step.child('Condition')?.text ?? '') !== '';
    if (effect.kind === 'fault' && !conditional) return typeof combined === 'string' ? combined : { fault: true };
    if (effect.kind === 'fault') combined = combineRequirements(combined, `${name} refuses some of its requests`);
    if (effect.kind === 'requires') combined = combineRequirements(combined, effect.requirement);
  }
  return combined;
}

/** The flows of an endpoint, without PreFlow and PostFlow. */
export const flowsIn = (xml: XmlElement | undefined): readonly XmlElement[] =>
  xml?.child('Flows')?.childrenNamed('Flow') ?? [];

/** Returns a function that looks up the target of a target endpoint by name. */
export function createTargetLookup(bundle: Bundle, base: string): (name: string | undefined) => Target | undefined {
  return (name) => {
    const found = bundle.targets.find(({ xml }) => xml.attribute('name') === name);
    const upstream = targetUrl(found?.xml);
    return upstream === undefined ? undefined : { upstream, ...(base === '' ? {} : { stripPrefix: base }) };
  };
}

/** The combined requirement of all target endpoints; it applies to every request, whichever endpoint it uses. */
export function targetRequirement(bundle: Bundle): FlowRequirement {
  return flowRequirement(
    bundle.targets.flatMap(({ xml }) => [xml.child('PreFlow'), ...flowsIn(xml), xml.child('PostFlow')]),
    bundle,
  );
}

/** Requires both; a fault takes precedence. */
export function combineFlows(a: FlowRequirement, b: FlowRequirement): FlowRequirement {
  if (typeof a === 'object' && 'fault' in a) return a;
  return typeof b === 'object' && 'fault' in b ? b : combineRequirements(a, b);
}
