/** The demands of a draft as rules and audiences of the configuration. */

import type { ConfigInput } from '../config/schema/schema.ts';
import { productOf } from '../oidc/products/registry.ts';
import { type Access, type Choice, type Condition, mergedClaims } from './draft/access.ts';
import { written } from './draft/draft.ts';
import type { ResolvedRoute } from './resolve-routes.ts';

type RouteInput = NonNullable<ConfigInput['routes']>[number];
export type RuleInput = NonNullable<RouteInput['rules']>[number];

/** What has to be known of the whole draft to write one rule. */
export interface RuleContext {
  /** The gateway looks into access tokens, so callers may bring their own. */
  looksIntoTokens: boolean;
  /** Issuer and client of the sign-in. */
  issuer: string;
  clientId: string;
  /** Several issuers are trusted, so each rule has to say whose tokens it means. */
  manyIssuers: boolean;
}

/** Whether a demand needs the gateway to look into access tokens. */
export const needsTokens = ({ token, sessionsOnly, claims, roles, audiences }: Access): boolean =>
  token !== 'none' && (!sessionsOnly || claims.length + roles.length + audiences.length > 0);

/** The claim in which an access token names its client. */
function clientClaim(issuer: string): string {
  const url = written(issuer);
  return URL.canParse(url) ? productOf(url).clientIdClaim : 'client_id';
}

/** Everything about claims that has no option of its own. */
function claimsOf(access: Access, audience: Choice<string> | undefined, context: RuleContext): Access['claims'] {
  if (!context.looksIntoTokens) return access.claims;
  const { issuer, clientId, manyIssuers } = context;
  const extra: [string, Condition][] = access.audiences
    .filter((choice) => choice !== audience)
    .map((choice) => ['aud', { anyOf: [...choice] }]);
  if (manyIssuers) extra.push(['iss', { anyOf: [...(access.issuers ?? [issuer])] }]);
  // Callers may bring tokens here. One that this client was given is one that its sessions have.
  if (access.sessionsOnly) extra.push([clientClaim(issuer), { equals: clientId }]);
  return [...access.claims, ...extra];
}

const unwrapped = <T>(choices: readonly Choice<T>[]): (T | T[])[] =>
  choices.map((choice) => (choice.length === 1 && choice[0] !== undefined ? choice[0] : [...choice]));

function ruleOf(
  { methods, access }: ResolvedRoute['rules'][number],
  audience: Choice<string> | undefined,
  context: RuleContext,
): RuleInput | undefined {
  const about = methods === undefined ? {} : { methods: [...methods] };
  if (access.token === 'none') return { ...about, token: 'none' };
  const claims = mergedClaims(claimsOf(access, audience, context));
  if (claims === 'never') return undefined;
  return {
    ...about,
    token: access.token,
    ...(access.scopes.length === 0 ? {} : { scopes: unwrapped(access.scopes) }),
    ...(access.roles.length === 0 ? {} : { roles: unwrapped(access.roles) }),
    ...(Object.keys(claims).length === 0 ? {} : { claims }),
  };
}

/** The audience that every rule asks for first; undefined when they differ, and then each says so itself. */
function sharedAudience(rules: readonly Access[]): Choice<string> | undefined {
  const [first] = rules.map(({ audiences }) => audiences[0]);
  return rules.every(({ audiences }) => JSON.stringify(audiences[0]) === JSON.stringify(first)) ? first : undefined;
}

/** The rules of a route, and the audience for all of them. Rules that contradict themselves are gone: nobody meets them. */
export function rulesOf(
  route: ResolvedRoute,
  context: RuleContext,
  fallback: string,
): { rules: RuleInput[]; audience: string[] | undefined } {
  const asked = route.rules.map(({ access }) => access).filter(({ token }) => token !== 'none');
  const shared = sharedAudience(asked);
  const anyOf = [
    ...new Set(asked.flatMap(({ audiences }) => (audiences.length === 0 ? [fallback] : audiences.flat()))),
  ];
  const rules = route.rules.flatMap((rule) => {
    const first = rule.access.audiences[0];
    return ruleOf(rule, shared === undefined ? undefined : first, context) ?? [];
  });
  if (!context.looksIntoTokens || asked.length === 0) return { rules, audience: undefined };
  if (shared !== undefined) return { rules, audience: [...shared] };
  // Without an audience anywhere the one of accessTokens holds.
  return { rules, audience: asked.every(({ audiences }) => audiences.length === 0) ? undefined : anyOf };
}
