/** Puts the facts of a caller before the rules of a route, and turns a refusal into its answer and its line in the audit. */

import { GatewayError } from '../../base/errors.ts';
import { endpointPaths } from '../../config/schema/endpoints.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { Audit, AuditDetails } from '../../observe/audit.ts';
import type { TokenFacts } from '../../oidc/products/facts.ts';
import type { Challenge, ChallengeParams } from '../../policy/challenge.ts';
import type { Refusal } from '../../policy/conditions/condition.ts';
import { type CompiledRule, decide, ruleForCaller } from '../../policy/rules.ts';
import type { CompiledRoute } from '../../routing/routes.ts';

/** A call on its way through the steps. */
export interface AccessRequest {
  readonly context: RequestContext;
  readonly route: CompiledRoute;
  /** Those that name the method. */
  readonly rules: readonly CompiledRule[];
  /** Digest of the session id in the cookie; undefined without an authentic cookie. */
  readonly key: string | undefined;
}

/** How the caller showed who it is. */
export type Scheme = 'session' | 'Bearer' | 'DPoP';

export interface PolicyEnforcer {
  /** Throws when no rule names the method. */
  requireRules(visit: AccessRequest): void;
  /** Throws when no rule applies to the caller, or a condition of the first one that does is not met. */
  enforce(visit: AccessRequest, facts: TokenFacts, scheme: Scheme): void;
  /** Throws when a condition on the request is not met by a caller without credentials, to whom this rule applies. */
  enforceWithoutToken(visit: AccessRequest, rule: CompiledRule): void;
}

/** What goes into the audit for a refusal. */
export function auditDetails({ context, route, key }: Omit<AccessRequest, 'rules'>, reason: string): AuditDetails {
  const { id: requestId, clientIp, req } = context;
  const details: AuditDetails = { requestId, clientIp, reason, route: route.pattern, method: req.method ?? '' };
  return key === undefined ? details : { ...details, session: key };
}

interface PolicyEnforcerParts {
  config: Config;
  audit: Audit;
  clock: () => number;
}

/** Where a browser may go to meet a rule; the sign-in then has to show it (RFC 9470 section 4). */
function loginUrl(config: Config, { acr_values, max_age }: ChallengeParams): string {
  const query = new URLSearchParams({
    ...(acr_values === undefined ? {} : { acr_values }),
    ...(max_age === undefined ? {} : { max_age }),
  });
  return `${endpointPaths(config.endpoints).login}?${query}`;
}

/** Builds the judge. Verified tokens are remembered, decisions never are: rules look at the facts on every call. */
export function createPolicyEnforcer(
  { config, audit, clock }: PolicyEnforcerParts,
  challenge: Challenge,
): PolicyEnforcer {
  const { clockTolerance } = config.provider;

  function refuse(visit: AccessRequest, facts: TokenFacts | undefined, reason: string, error: GatewayError): never {
    audit('access.denied', { ...auditDetails(visit, reason), ...(facts?.sub === undefined ? {} : { sub: facts.sub }) });
    throw error;
  }

  const headersOf = (params: ChallengeParams, scheme: Scheme) => ({
    'www-authenticate': challenge(params, scheme === 'session' ? 'Bearer' : scheme),
  });

  function answer(decision: Refusal, scheme: Scheme): [string, GatewayError] {
    switch (decision.kind) {
      case 'denied': {
        const { reason, detail } = decision;
        return [reason, new GatewayError('access_denied', { reason, detail: `the rule requires ${detail}` })];
      }
      case 'insufficient_scope': {
        const { scope } = decision;
        const headers = headersOf({ error: 'insufficient_scope', scope }, scheme);
        return ['insufficient_scope', new GatewayError('insufficient_scope', { detail: `missing ${scope}`, headers })];
      }
      case 'step_up': {
        const asked: ChallengeParams = decision.params;
        const headers = headersOf({ error: 'insufficient_user_authentication', ...asked }, scheme);
        const extensions = { ...asked, ...(scheme === 'session' ? { loginUrl: loginUrl(config, asked) } : {}) };
        return [
          'step_up',
          new GatewayError('step_up_required', { headers, extensions, detail: 'acr or age of sign-in' }),
        ];
      }
    }
  }

  function enforce(visit: AccessRequest, rule: CompiledRule, token: TokenFacts | undefined, scheme: Scheme): void {
    // Most rules have no conditions: they cost nothing.
    if ((token === undefined ? rule.checkWithoutToken : rule.check) === undefined) return;
    const { clientIp, req, target } = visit.context;
    const decision = decide(rule, {
      token,
      clientIp,
      method: req.method ?? '',
      segments: target.segments,
      now: clock(),
      tolerance: clockTolerance,
    });
    if (decision.kind === 'allowed') return;
    const [reason, error] = answer(decision, scheme);
    refuse(visit, token, reason, error);
  }

  return {
    requireRules(visit) {
      const { rules, route, context } = visit;
      if (rules.length > 0) return;
      const detail = `no rule of ${route.pattern} names ${context.req.method}`;
      refuse(visit, undefined, 'no_rule', new GatewayError('access_denied', { reason: 'no_rule', detail }));
    },
    enforce(visit, facts, scheme) {
      const rule = ruleForCaller(visit.rules, facts.subject);
      if (!rule) {
        const detail = `no rule of ${visit.route.pattern} is about a ${facts.subject}`;
        refuse(visit, facts, 'subject', new GatewayError('access_denied', { reason: 'subject', detail }));
      }
      enforce(visit, rule, facts, scheme);
    },
    enforceWithoutToken(visit, rule) {
      enforce(visit, rule, undefined, 'session');
    },
  };
}
