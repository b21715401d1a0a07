/** The demands of a draft as rules and audiences of the configuration. */

import type { ConfigInput } from '../config/schema/schema.ts';
import { productOf } from '../oidc/products/registry.ts';
import { type Access, type Choice, type Condition, mergeClaims } from './draft/access.ts';
import { renderVariables } from './draft/draft.ts';
import type { ResolvedRoute } from './resolve-routes.ts';

type RouteInput = NonNullable<ConfigInput['routes']>[number];
export type RuleInput = NonNullable<RouteInput['rules']>[number];

/** What has to be known of the whole draft to write one rule. */
export interface RuleContext {
  /** The gateway looks into access tokens, so callers may bring their own. */
  validatesTokens: boolean;
  /** Issuer and client of the sign-in. */
  issuer: string;
  clientId: string;
  /** Several issuers are trusted, so each rule has to say whose tokens it means. */
  severalIssuers: boolean;
}

/** Whether a demand needs the gateway to look into access tokens. */
export const needsTokenValidation = ({ token, sessionsOnly, claims, roles, audiences }: Access): boolean =>
  token !== 'none' && (!sessionsOnly || claims.length + roles.length + audiences.length > 0);

/** The claim in which an access token names its client. */
function clientClaim(issuer: string): string {
  const url = renderVariables(issuer);
  return URL.canParse(url) ? productOf(url).clientIdClaim : 'client_id';
}

/** Everything about claims that has no option of its own. */
function ruleClaims(access: Access, audience: Choice<string> | undefined, context: RuleContext): Access['claims'] {
  if (!context.validatesTokens) return access.claims;
  const { issuer, clientId, severalIssuers } = context;
  const extra: [string, Condition][] = access.audiences
    .filter((choice) => choice !== audience)
    .map((choice) => ['aud', { anyOf: [...choice] }]);
  if (severalIssuers) extra.push(['iss', { anyOf: [...(access.issuers ?? [issuer])] }]);
  // Callers may bring tokens here. One that this client was given is one that its sessions have.
  if (access.sessionsOnly) extra.push([clientClaim(issuer), { equals: clientId }]);
  return [...access.claims, ...extra];
}

const unwrapSingle = <T>(choices: readonly Choice<T>[]): (T | T[])[] =>
  choices.map((choice) => (choice.length === 1 && choice[0] !== undefined ? choice[0] : [...choice]));

function buildRule(
  { methods, access }: ResolvedRoute['rules'][number],
  audience: Choice<string> | undefined,
  context: RuleContext,
): RuleInput | undefined {
  const about = methods === undefined ? {} : { methods: [...methods] };
  if (access.token === 'none') return { ...about, token: 'none' };
  const claims = mergeClaims(ruleClaims(access, audience, context));
  if (claims === 'never') return undefined;
  return {
    ...about,
    token: access.token,
    ...(access.scopes.length === 0 ? {} : { scopes: unwrapSingle(access.scopes) }),
    ...(access.roles.length === 0 ? {} : { roles: unwrapSingle(access.roles) }),
    ...(Object.keys(claims).length === 0 ? {} : { claims }),
  };
}

/** The audience that every rule asks for first; undefined when they differ, and then each says so itself. */
function sharedAudience(rules: readonly Access[]): Choice<string> | undefined {
  const [first] = rules.map(({ audiences }) => audiences[0]);
  return rules.every(({ audiences }) => JSON.stringify(audiences[0]) === JSON.stringify(first)) ? first : undefined;
}

/** The rules of a route, and the audience for all of them. Rules that contradict themselves are gone: nobody meets them. */
export function buildRules(
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
    return buildRule(rule, shared === undefined ? undefined : first, context) ?? [];
  });
  if (!context.validatesTokens || asked.length === 0) return { rules, audience: undefined };
  if (shared !== undefined) return { rules, audience: [...shared] };
  // Without an audience anywhere the one of accessTokens holds.
  return { rules, audience: asked.every(({ audiences }) => audiences.length === 0) ? undefined : anyOf };
}
