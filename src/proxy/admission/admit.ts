/** The checks between a matched route and its upstream, one named step each, and the order in which they run. */

import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { Audit } from '../../observe/audit.ts';
import type { TokenFacts } from '../../oidc/products/facts.ts';
import type { EnsureUsableToken } from '../../oidc/refresh/refresh-result.ts';
import type { CheckProof } from '../../oidc/tokens/proof-check.ts';
import type { TokenReader } from '../../oidc/tokens/token-reader.ts';
import { type Challenge, createChallenge } from '../../policy/challenge.ts';
import { type CsrfOutcome, checkUpgradeOrigin } from '../../policy/csrf.ts';
import { type CompiledRule, openRule, ruleForCaller } from '../../policy/rules.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import type { RequestSession, Sessions } from '../../session/session-types.ts';
import { isPromise } from '../../tuning/maybe-promise.ts';
import { type BearerCaller, createBearerReader } from './bearer.ts';
import { readCredentials } from './credentials.ts';
import { type AccessRequest, auditDetails, createPolicyEnforcer } from './enforce-rules.ts';
import { readSessionFacts } from './session-caller.ts';

/** Who calls: a signed-in user, a caller with a token of its own, a guest where users may be signed in, or anyone where nobody is asked. */
export type Admission =
  | { readonly kind: 'user'; readonly session: RequestSession; readonly facts: TokenFacts }
  | { readonly kind: 'bearer'; readonly caller: BearerCaller }
  | { readonly kind: 'guest' }
  | { readonly kind: 'anyone' };

/** Whether a call that a session cookie authenticates was made by the application itself. */
export type ForgeryCheck = (context: RequestContext, route: CompiledRoute) => CsrfOutcome;

export interface AdmissionParts {
  config: Config;
  sessions: Pick<Sessions, 'identify' | 'getCached' | 'load' | 'touch'>;
  ensureUsable: EnsureUsableToken;
  /** Left out where access tokens are not looked into. */
  tokens?: TokenReader | undefined;
  checkProof: CheckProof;
  audit: Audit;
  clock: () => number;
}

/** Lets a call in or throws the GatewayError that says why not. */
export type Admit = (context: RequestContext, route: CompiledRoute, checkForgery: ForgeryCheck) => Promise<Admission>;

const GUEST: Admission = { kind: 'guest' };
const ANYONE: Admission = { kind: 'anyone' };

/** Builds the admission: the steps of every call, plain or upgrade, in this order. */
export function createAdmit(parts: AdmissionParts): Admit {
  const { config, sessions, ensureUsable, tokens } = parts;
  const challenge = createChallenge(config);
  const judge = createPolicyEnforcer(parts, challenge);
  const readBearer = tokens && createBearerReader({ ...parts, tokens }, challenge);

  return async function admit(context, route, checkForgery) {
    refuseServiceWorker(context);
    const rules = route.rulesForMethod(context.req.method ?? '');
    const open = openRule(rules);
    if (open) {
      if (open.checkWithoutToken) judge.enforceWithoutToken({ context, route, rules, key: undefined }, open);
      return ANYONE;
    }
    const key = sessions.identify(context.req.headers.cookie);
    const visit: AccessRequest = { context, route, rules, key };
    judge.requireRules(visit);
    const credentials = readBearer
      ? readCredentials(context.req, context.target.query, challenge)
      : ({ kind: 'none' } as const);
    // Before any store read, and whatever else the call carries: a bearer token beside the cookie opens no way around it.
    refuseForgery(parts, visit, checkForgery, credentials.kind !== 'none');
    if (readBearer && credentials.kind !== 'none') {
      if (key !== undefined) throw twoCredentials(challenge);
      const found = readBearer(visit, credentials);
      const caller = isPromise(found) ? await found : found;
      judge.enforce(visit, caller.facts, caller.scheme);
      return { kind: 'bearer', caller };
    }
    const known = key === undefined ? undefined : (sessions.getCached(key) ?? (await sessions.load(key)));
    const usable = known && ensureUsable(known);
    const kept = isPromise(usable) ? await usable : usable;
    if (kept === undefined || kept.kind === 'ended') {
      judge.enforceWithoutToken(visit, guestRule(rules, challenge));
      return GUEST;
    }
    const { session } = kept;
    const read = readSessionFacts(tokens, session, route, challenge);
    const facts = isPromise(read) ? await read : read;
    judge.enforce(visit, facts, 'session');
    sessions.touch(session);
    return { kind: 'user', session, facts };
  };
}

/**
 * Whatever the rules say: the script of a service worker would see every request of the origin and outlive the page, and
 * what an upstream answers may be anybody's upload. Browsers name such a request by either header (Service Workers
 * appendix B, Fetch Metadata section 2.1).
 */
function refuseServiceWorker({ req: { headers } }: RequestContext): void {
  if (headers['service-worker'] === undefined && headers['sec-fetch-dest'] !== 'serviceworker') return;
  throw new GatewayError('service_worker_refused');
}

const twoCredentials = (challenge: Challenge) =>
  new GatewayError('ambiguous_credentials', {
    detail: 'a session cookie and a bearer token in one call',
    headers: { 'www-authenticate': challenge({ error: 'invalid_request' }) },
  });

/**
 * Before any store read: the cookie is only worth something on a call of our own application. A call without a cookie is
 * told so too when it names a foreign origin, since SameSite is what kept the cookie from it.
 */
function refuseForgery(
  { config, audit }: AdmissionParts,
  visit: AccessRequest,
  checkForgery: ForgeryCheck,
  bearer: boolean,
): void {
  const { context, route, rules, key } = visit;
  const { headers } = context.req;
  let outcome: CsrfOutcome = { kind: 'pass' };
  if (key !== undefined) outcome = checkForgery(context, route);
  else if (!bearer && ruleForCaller(rules, 'nobody') === undefined && headers.origin !== undefined) {
    const allowedOrigins = [...config.cors.allowedOrigins, ...route.config.allowedOrigins];
    outcome = checkUpgradeOrigin({ headers, publicOrigin: config.publicUrl, allowedOrigins });
  }
  if (outcome.kind === 'pass') return;
  audit('csrf.denied', auditDetails(visit, outcome.code));
  throw new GatewayError(outcome.code, { detail: outcome.reason });
}

/**
 * Returns the rule for a caller without credentials; throws `unauthenticated` when there is none. Never a redirect, whatever
 * the request accepts (RFC 6750 section 3): the front end decides how to react to a 401.
 */
function guestRule(rules: readonly CompiledRule[], challenge: Challenge): CompiledRule {
  const rule = ruleForCaller(rules, 'nobody');
  if (rule) return rule;
  throw new GatewayError('unauthenticated', { headers: { 'www-authenticate': challenge() } });
}
