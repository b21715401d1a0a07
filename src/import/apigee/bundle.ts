/** The documents of an Apigee bundle, and what their steps ask of a call together. */
import { type Asked, OPEN, together } from '../draft/access.ts';
import type { Target } from '../draft/draft.ts';
import type { Xml } from '../draft/xml-tree.ts';
import { effectOf, type Policy } from './policies.ts';
import { addressOf } from './routing.ts';

export interface Document {
  file: string;
  xml: Xml;
}

export interface Bundle {
  proxies: readonly Document[];
  targets: readonly Document[];
  policies: ReadonlyMap<string, Policy>;
  /** Whose tokens take the place of those that Apigee made. */
  issuer: string | undefined;
}

/** What the steps of some flows ask for together; `answers` when a fault is all that callers get. */
export type Demand = Asked | { answers: true };

/** What the steps of the requests of these flows ask for. */
export function demandOf(flows: readonly (Xml | undefined)[], { policies, issuer }: Bundle): Demand {
  let sum: Asked = OPEN;
  for (const step of flows.flatMap((flow) => flow?.child('Request')?.all('Step') ?? [])) {
    const name = step.child('Name')?.text ?? '';
    const policy = policies.get(name);
    const effect = policy
      ? effectOf(policy, issuer)
      : { kind: 'asks' as const, asked: `the bundle has no policy ${name}` };
    // A step with a condition is asked for in any case.
    const sometimes = (step.child('Condition')?.text ?? '') !== '';
    if (effect.kind === 'answers' && !sometimes) return typeof sum === 'string' ? sum : { answers: true };
    if (effect.kind === 'answers') sum = together(sum, `${name} refuses some of its calls`);
    if (effect.kind === 'asks') sum = together(sum, effect.asked);
  }
  return sum;
}

/** The flows with conditions. */
export const flowsIn = (xml: Xml | undefined): readonly Xml[] => xml?.child('Flows')?.all('Flow') ?? [];

/** Makes the target of an endpoint by its name. */
export function targetNamed(bundle: Bundle, base: string): (name: string | undefined) => Target | undefined {
  return (name) => {
    const found = bundle.targets.find(({ xml }) => xml.attribute('name') === name);
    const upstream = addressOf(found?.xml);
    return upstream === undefined ? undefined : { upstream, ...(base === '' ? {} : { stripPrefix: base }) };
  };
}

/** The demands of every target endpoint: which one a call goes to is not looked at, so all of them hold. */
export function ofTargets(bundle: Bundle): Demand {
  return demandOf(
    bundle.targets.flatMap(({ xml }) => [xml.child('PreFlow'), ...flowsIn(xml), xml.child('PostFlow')]),
    bundle,
  );
}

/** Both demands. */
export function sumOf(a: Demand, b: Demand): Demand {
  if (typeof a === 'object' && 'answers' in a) return a;
  return typeof b === 'object' && 'answers' in b ? b : together(a, b);
}
