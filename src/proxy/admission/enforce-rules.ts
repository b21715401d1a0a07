/** Evaluates the rules of a route for a caller; maps a denial to a response and an audit event. */

import { GatewayError } from '../../base/errors.ts';
import type { ClientCertificate } from '../../certificate/client-certificate.ts';
import type { ReadClientCertificate } from '../../certificate/reader.ts';
import { endpointPaths } from '../../config/schema/endpoints.ts';
import type { Config, RuleConfig } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { Audit, AuditDetails } from '../../observe/audit.ts';
import type { TokenFacts } from '../../oidc/products/base/facts.ts';
import type { Challenge, ChallengeParams } from '../../policy/challenge.ts';
import type { Refusal } from '../../policy/conditions/condition.ts';
import { type CompiledRule, decide, ruleForCaller } from '../../policy/rules.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import { currentSpan } from '../../tracing/current-span.ts';

/** A request on the way through admission. */
export interface AccessRequest {
  readonly context: RequestContext;
  readonly route: CompiledRoute;
  /** The rules that apply to the method. */
  readonly rules: readonly CompiledRule[];
  /** Digest of the session id in the cookie; undefined without an authentic cookie. */
  readonly key: string | undefined;
}

/** How the caller authenticated. */
export type Scheme = 'session' | 'Bearer' | 'DPoP';

export interface PolicyEnforcer {
  /** Throws when no rule applies to the method. */
  requireRules(access: AccessRequest): void;
  /** Throws when no rule applies to the caller, or a condition of the first one that does is not met. */
  enforce(access: AccessRequest, facts: TokenFacts, scheme: Scheme): void;
  /** Throws when a caller without credentials does not meet the conditions on the request of this rule. */
  enforceWithoutToken(access: AccessRequest, rule: CompiledRule): void;
}

/** Returns the audit details of a refusal. */
export function auditDetails({ context, route, key }: Omit<AccessRequest, 'rules'>, reason: string): AuditDetails {
  const { id: requestId, clientIp, req } = context;
  const details: AuditDetails = { requestId, clientIp, reason, route: route.pattern, method: req.method ?? '' };
  return key === undefined ? details : { ...details, session: key };
}

interface PolicyEnforcerParts {
  config: Config;
  audit: Audit;
  readCertificate?: ReadClientCertificate | undefined;
  clock: () => number;
}

/** Returns the login URL for a step-up: the sign-in then requests these parameters (RFC 9470 section 4). */
function loginUrl(config: Config, { acr_values, max_age }: ChallengeParams, provider: string | undefined): string {
  const query = new URLSearchParams({
    ...(config.providers === undefined || provider === undefined ? {} : { provider }),
    ...(acr_values === undefined ? {} : { acr_values }),
    ...(max_age === undefined ? {} : { max_age }),
  });
  return `${endpointPaths(config.endpoints).login}?${query}`;
}

/** The provider of a rule for one; undefined if users have to choose. */
const onlyOne = (providers: RuleConfig['providers']) => (providers?.length === 1 ? providers[0] : undefined);

/** Creates the function that returns the audit reason and the error of a refusal. */
function createErrorOf(config: Config, challenge: Challenge) {
  const headersOf = (params: ChallengeParams, scheme: Scheme) => ({
    'www-authenticate': challenge(params, scheme === 'session' ? 'Bearer' : scheme),
  });

  return function errorOf(
    refusal: Refusal,
    scheme: Scheme,
    provider: string | undefined,
    { providers }: RuleConfig,
  ): [reason: string, GatewayError] {
    switch (refusal.kind) {
      case 'denied': {
        const { reason, detail } = refusal;
        // A sign-in at another provider may help; only the user can decide to leave the present one.
        const isElsewhere = reason === 'provider' && scheme === 'session';
        const extensions = isElsewhere ? { loginUrl: loginUrl(config, {}, onlyOne(providers)) } : {};
        return [
          reason,
          new GatewayError('access_denied', { reason, extensions, detail: `the rule requires ${detail}` }),
        ];
      }
      case 'insufficient_scope': {
        const { scope } = refusal;
        const headers = headersOf({ error: 'insufficient_scope', scope }, scheme);
        return ['insufficient_scope', new GatewayError('insufficient_scope', { detail: `missing ${scope}`, headers })];
      }
      case 'step_up': {
        const { params } = refusal;
        const headers = headersOf({ error: 'insufficient_user_authentication', ...params }, scheme);
        const extensions = {
          ...params,
          ...(scheme === 'session' ? { loginUrl: loginUrl(config, params, provider) } : {}),
        };
        const detail = 'acr or time of authentication';
        return ['step_up', new GatewayError('step_up_required', { headers, extensions, detail })];
      }
    }
  };
}

/** Notes the rule for the access log, and for the limits of rules. */
export function recordRule({ context, route }: Pick<AccessRequest, 'context' | 'route'>, rule: CompiledRule): void {
  if (context.access) context.access.rule = route.config.rules.indexOf(rule.config);
  route.decided?.set(context, rule);
}

/** Audits the refusal of a request, and throws its error. */
type Deny = (access: AccessRequest, facts: TokenFacts | undefined, reason: string, error: GatewayError) => never;

const createDeny =
  (audit: Audit): Deny =>
  (access, facts, reason, error) => {
    audit('access.denied', {
      ...auditDetails(access, reason),
      ...(facts?.sub === undefined ? {} : { sub: facts.sub }),
    });
    throw error;
  };

/** Creates the function that checks the conditions of a rule. */
function createEnforceRule({ config, readCertificate, clock }: PolicyEnforcerParts, challenge: Challenge, deny: Deny) {
  const { clockTolerance } = config.provider;
  const errorOf = createErrorOf(config, challenge);

  function certificateOf({ req, access: record }: RequestContext): ClientCertificate | undefined {
    const certificate = readCertificate?.(req);
    if (record) record.certificate = certificate?.thumbprint;
    currentSpan()?.setAttribute('bff.certificate', certificate === undefined ? 'none' : 'present');
    return certificate;
  }

  return function enforceRule(
    access: AccessRequest,
    rule: CompiledRule,
    token: TokenFacts | undefined,
    scheme: Scheme,
  ): void {
    recordRule(access, rule);
    // Most rules have no conditions; they cost nothing.
    if ((token === undefined ? rule.checkWithoutToken : rule.check) === undefined) return;
    const { clientIp, req, target } = access.context;
    const decision = decide(rule, {
      token,
      ownToken: scheme !== 'session',
      certificate: rule.config.certificate === undefined ? undefined : certificateOf(access.context),
      clientIp,
      method: req.method ?? '',
      segments: target.segments,
      now: clock(),
      tolerance: clockTolerance,
    });
    if (decision.kind === 'allowed') return;
    const [reason, error] = errorOf(decision, scheme, token?.providers[0], rule.config);
    deny(access, token, reason, error);
  };
}

/** Creates the policy enforcer. */
export function createPolicyEnforcer(parts: PolicyEnforcerParts, challenge: Challenge): PolicyEnforcer {
  const deny: Deny = createDeny(parts.audit);
  const enforceRule = createEnforceRule(parts, challenge, deny);

  return {
    requireRules(access) {
      const { rules, route, context } = access;
      if (rules.length > 0) return;
      const detail = `no rule of ${route.pattern} applies to ${context.req.method}`;
      deny(access, undefined, 'no_rule', new GatewayError('access_denied', { reason: 'no_rule', detail }));
    },
    enforce(access, facts, scheme) {
      const rule = ruleForCaller(access.rules, facts.subject);
      if (!rule) {
        const detail = `no rule of ${access.route.pattern} applies to a caller of type ${facts.subject}`;
        deny(access, facts, 'subject', new GatewayError('access_denied', { reason: 'subject', detail }));
      }
      enforceRule(access, rule, facts, scheme);
    },
    enforceWithoutToken(access, rule) {
      enforceRule(access, rule, undefined, 'session');
    },
  };
}
