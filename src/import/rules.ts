/** Converts access requirements to rules and audiences of the configuration. */

import type { ConfigInput } from '../config/schema/schema.ts';
import { productOf } from '../oidc/products/registry.ts';
import { type Access, type Choice, type Condition, mergeClaims } from './draft/access.ts';
import { type Draft, renderVariables, variable } from './draft/draft.ts';
import type { ResolvedRoute } from './resolve-routes.ts';

type RouteInput = NonNullable<ConfigInput['routes']>[number];
export type RuleInput = NonNullable<RouteInput['rules']>[number];

/** Properties of the whole draft on which each rule depends. */
export interface RuleContext {
  /** The gateway validates access tokens, so clients may send their own. */
  validatesTokens: boolean;
  /** Issuer and client ID of user sign-in. */
  issuer: string;
  clientId: string;
  /** Issuers whose tokens some rule accepts. */
  trustedIssuers: readonly string[];
  /** Several issuers are trusted, so each rule must name the issuers that it accepts. */
  severalIssuers: boolean;
}

/** Returns the properties of a draft whose rules have these requirements. */
export function createRuleContext(draft: Draft, requirements: readonly Access[]): RuleContext {
  const used = new Set(requirements.flatMap(({ issuers = [] }) => issuers));
  const trustedIssuers = [...draft.issuers.keys()].filter((name) => used.has(name));
  const issuer = draft.provider?.issuer ?? trustedIssuers[0] ?? variable('OIDC_ISSUER');
  return {
    issuer,
    clientId: draft.provider?.clientId ?? variable('OIDC_CLIENT_ID'),
    validatesTokens: requirements.some(needsTokenValidation),
    trustedIssuers,
    severalIssuers: new Set([issuer, ...trustedIssuers]).size > 1,
  };
}

/** Whether the gateway must validate access tokens to enforce a requirement. */
const needsTokenValidation = ({ token, sessionsOnly, claims, roles, audiences }: Access): boolean =>
  token !== 'none' && (!sessionsOnly || claims.length + roles.length + audiences.length > 0);

/** The claim of access tokens that holds the client ID. */
function clientClaim(issuer: string): string {
  const url = renderVariables(issuer);
  return URL.canParse(url) ? productOf(url).clientIdClaim : 'client_id';
}

/** The claim conditions of a rule, including the conditions that no other option of a rule expresses. */
function ruleClaims(access: Access, audience: Choice<string> | undefined, context: RuleContext): Access['claims'] {
  if (!context.validatesTokens) return access.claims;
  const { issuer, clientId, severalIssuers } = context;
  const additional: [string, Condition][] = access.audiences
    .filter((choice) => choice !== audience)
    .map((choice) => ['aud', { anyOf: [...choice] }]);
  if (severalIssuers) additional.push(['iss', { anyOf: [...(access.issuers ?? [issuer])] }]);
  // The gateway accepts tokens from clients here. Only tokens issued to the sign-in client stand for its sessions.
  if (access.sessionsOnly) additional.push([clientClaim(issuer), { equals: clientId }]);
  return [...access.claims, ...additional];
}

const unwrapSingle = <T>(choices: readonly Choice<T>[]): (T | T[])[] =>
  choices.map((choice) => (choice.length === 1 && choice[0] !== undefined ? choice[0] : [...choice]));

function buildRule(
  { methods, access }: ResolvedRoute['rules'][number],
  audience: Choice<string> | undefined,
  context: RuleContext,
): RuleInput | undefined {
  const matched = methods === undefined ? {} : { methods: [...methods] };
  if (access.token === 'none') return { ...matched, token: 'none' };
  const claims = mergeClaims(ruleClaims(access, audience, context));
  if (claims === 'never') return undefined;
  return {
    ...matched,
    token: access.token,
    ...(access.scopes.length === 0 ? {} : { scopes: unwrapSingle(access.scopes) }),
    ...(access.roles.length === 0 ? {} : { roles: unwrapSingle(access.roles) }),
    ...(Object.keys(claims).length === 0 ? {} : { claims }),
  };
}

/** The first audience of all rules; undefined when it differs, so that each rule needs a condition on `aud`. */
function sharedAudience(rules: readonly Access[]): Choice<string> | undefined {
  const [first] = rules.map(({ audiences }) => audiences[0]);
  return rules.every(({ audiences }) => JSON.stringify(audiences[0]) === JSON.stringify(first)) ? first : undefined;
}

/** The rules of a route and the audience of the route. Omits rules whose conditions contradict each other. */
export function buildRules(
  route: ResolvedRoute,
  context: RuleContext,
  fallback: string,
): { rules: RuleInput[]; audience: string[] | undefined } {
  const authenticated = route.rules.map(({ access }) => access).filter(({ token }) => token !== 'none');
  const shared = sharedAudience(authenticated);
  const anyOf = [
    ...new Set(authenticated.flatMap(({ audiences }) => (audiences.length === 0 ? [fallback] : audiences.flat()))),
  ];
  const rules = route.rules.flatMap((rule) => {
    const first = rule.access.audiences[0];
    return buildRule(rule, shared === undefined ? undefined : first, context) ?? [];
  });
  if (!context.validatesTokens || authenticated.length === 0) return { rules, audience: undefined };
  if (shared !== undefined) return { rules, audience: [...shared] };
  // If no rule has an audience, accessTokens.audience applies.
  return { rules, audience: authenticated.every(({ audiences }) => audiences.length === 0) ? undefined : anyOf };
}
